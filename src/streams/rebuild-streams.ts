/** Reads back what a partition's fingerprints hold of streams that are still live: from the newest to the oldest. */
import { limits } from '../config/limits.ts';
import { packedViewsBytes } from '../contracts/packed-views.ts';
import type { Fingerprint } from '../contracts/stream.ts';
import type { Log, LogRecord } from '../log/log.ts';
import { readFingerprint } from './fingerprint-record.ts';

/** By stream, the newest first; of each sequence the newest alone. The streams with the latest segments come first. */
export type FingerprintsByStream = ReadonlyMap<string, readonly Fingerprint[]>;

/**
 * Whether a stream is live is told by the newest fingerprint and not by the clock: after an hour without service, what
 * waits in the log goes on where it was.
 */
export async function readLiveFingerprints(
  log: Pick<Log, 'read' | 'ends'>,
  partition: number,
  onUnreadable: (offset: number, why: string) => void,
): Promise<FingerprintsByStream> {
  const gathered = new Gathering();
  const end = (await log.ends('fingerprints')).find((each) => each.partition === partition);
  if (end === undefined) return gathered.byStream;
  const { startOffset, endOffset } = end;
  const lowest = Math.max(startOffset, endOffset - limits.streamRebuildRecordsMax);
  for (let until = endOffset; until > lowest && !gathered.isComplete; ) {
    const from = Math.max(lowest, until - limits.streamRebuildReadRecords);
    const records = await readStretch(log, partition, from, until);
    for (const record of records.reverse()) {
      try {
        gathered.take(readFingerprint(record));
      } catch (thrown) {
        onUnreadable(record.offset, String(thrown));
      }
    }
    until = from;
  }
  return gathered.byStream;
}

/** In one stretch there may be no record at all, only marks between transactions. */
async function readStretch(
  log: Pick<Log, 'read'>,
  partition: number,
  from: number,
  until: number,
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let offset = from; offset < until; ) {
    const page = await log.read('fingerprints', { partition, offset }, until - offset);
    records.push(...page.filter((record) => record.offset < until));
    offset = (page.at(-1)?.offset ?? until) + 1;
  }
  return records;
}

class Gathering {
  readonly byStream = new Map<string, Fingerprint[]>();
  readonly #frames = new Map<string, number>();
  /** Streams of which nothing older is evidence. */
  readonly #closed = new Set<string>();
  #newestMs = 0;
  /** True when everything older is too old for any stream. */
  isComplete = false;

  take(fingerprint: Fingerprint): void {
    const receivedMs = Date.parse(fingerprint.receivedAt);
    this.#newestMs = Math.max(this.#newestMs, receivedMs);
    const ageMs = this.#newestMs - receivedMs;
    // Uploads of a partition settle a little out of order; twice as far back there is none left.
    if (ageMs > 2 * (limits.streamEvidenceMsMax + limits.streamIdleMsMax)) this.isComplete = true;
    const { id, sequence } = fingerprint.stream;
    const known = this.byStream.get(id);
    if (known === undefined) {
      if (ageMs > limits.streamIdleMsMax || this.byStream.size >= limits.streamsMax) return;
      this.byStream.set(id, [fingerprint]);
      this.#frames.set(id, framesOf(fingerprint));
      return;
    }
    if (this.#closed.has(id) || known.some((each) => each.stream.sequence === sequence)) return;
    const frames = (this.#frames.get(id) ?? 0) + framesOf(fingerprint);
    if (isEarlier(known, receivedMs) || frames > limits.streamFramesMax) {
      this.#closed.add(id);
      return;
    }
    this.#frames.set(id, frames);
    known.push(fingerprint);
  }
}

/** Before a pause that ended the stream, or older than evidence is kept. */
function isEarlier(known: readonly Fingerprint[], receivedMs: number): boolean {
  const timesMs = [known[0], known.at(-1)].map((each) => Date.parse(each?.receivedAt ?? ''));
  const [latestMs = 0, oldestMs = 0] = timesMs;
  return oldestMs - receivedMs > limits.streamIdleMsMax || latestMs - receivedMs > limits.streamEvidenceMsMax;
}

const frameChars = (packedViewsBytes * 4) / 3;

function framesOf({ frames }: Fingerprint): number {
  return Math.floor(frames.length / frameChars);
}
