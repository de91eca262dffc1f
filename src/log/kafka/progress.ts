/** Where a group stands in partitions of a topic, as the brokers have it. */
import { limits } from '../../config/limits.ts';
import { typeOf } from './fault.ts';
import type { CommittedOffset } from './internals.ts';
import { SettledOffsets, writerOf } from './settled-offsets.ts';
import { fetchStableOffsets } from './stable-offsets.ts';
import type { Wire } from './wire.ts';

interface ProgressOf {
  readonly wire: Wire;
  readonly group: string;
  /** Full name. */
  readonly topic: string;
  readonly signal: AbortSignal;
}

export interface PartitionProgress {
  readonly partition: number;
  readonly settled: SettledOffsets;
  /** The session that committed it, where it gave its name. */
  readonly writer: string | null;
}

/**
 * For whoever takes over the partition: what open transactions are about to change is waited for, though not for ever.
 * Nothing is settled where nothing was committed. Throws log_failed.
 */
export async function readProgress(
  of: ProgressOf & { readonly partition: number },
): Promise<PartitionProgress & { readonly stable: boolean }> {
  const { wire, group, topic, partition, signal } = of;
  let giveUpMs = Number.POSITIVE_INFINITY;
  const stable = await wire.persist(
    async () => {
      const coordinator = await wire.coordinator('group', group);
      try {
        return await fetchStableOffsets(coordinator, { groupId: group, topics: [{ topic, partitions: [partition] }] });
      } catch (thrown) {
        if (typeOf(thrown) !== 'UNSTABLE_OFFSET_COMMIT') throw thrown;
        giveUpMs = Math.min(giveUpMs, performance.now() + limits.kafkaUnstableOffsetMsMax);
        if (performance.now() < giveUpMs) throw thrown;
        return null;
      }
    },
    { what: `reading the progress of ${group}`, signal },
  );
  const committed = stable?.flatMap(({ partitions }) => partitions).find((each) => each.partition === partition);
  const [glance] = stable === null ? await readAllProgress({ ...of, partitions: [partition] }) : [];
  const nothing = { partition, settled: new SettledOffsets(0), writer: null };
  return { ...(committed === undefined ? (glance ?? nothing) : progressOf(committed)), stable: stable !== null };
}

/** A glance: owners may be about to go on. Throws log_failed. */
export async function readAllProgress({
  wire,
  group,
  topic,
  partitions,
  signal,
}: ProgressOf & { readonly partitions: readonly number[] }): Promise<PartitionProgress[]> {
  const asked = partitions.map((partition) => ({ partition }));
  const { responses } = await wire.persist(
    async () =>
      (await wire.coordinator('group', group)).offsetFetch({ groupId: group, topics: [{ topic, partitions: asked }] }),
    { what: `reading the progress of ${group}`, signal },
  );
  return responses.flatMap((response) => response.partitions).map(progressOf);
}

function progressOf({ partition, offset, metadata }: CommittedOffset): PartitionProgress {
  // -1 where nothing was committed.
  const settled = SettledOffsets.parse(Math.max(0, Number(offset)), metadata);
  return { partition, settled, writer: writerOf(metadata) };
}
