/** Connections to a cluster of brokers, and how to find the right one for a request. */
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../config/limits.ts';
import { isRetriable, retryPauseMs, toLogFailure } from './fault.ts';
import type { WireBroker, WireCluster } from './internals.ts';

const metadataMaxAgeMs = 60_000;
export const coordinatorOf = { group: 0, transaction: 1 } as const;

export interface Patience {
  /** What is being tried, for the error: "writing to floodgate.decisions.v1". */
  readonly what: string;
  /** Ends the attempts; the last error is thrown. */
  readonly signal: AbortSignal;
  /** limits.kafkaOutageMsMax when left out. */
  readonly patienceMs?: number;
}

export class Wire {
  readonly #cluster: WireCluster;
  readonly #topics = new Set<string>();
  readonly #coordinators = new Map<string, WireBroker>();
  readonly #onRequestTimeout: () => void;
  #known = false;

  constructor(
    createCluster: (metadataMaxAgeMs: number) => WireCluster,
    topics: readonly string[],
    onRequestTimeout: () => void = () => undefined,
  ) {
    this.#cluster = createCluster(metadataMaxAgeMs);
    this.#onRequestTimeout = onRequestTimeout;
    for (const topic of topics) this.#topics.add(topic);
  }

  /** Tries until it succeeds, fails for good, patience ends or the signal aborts. Throws log_failed then. */
  async persist<T>(attempt: () => Promise<T>, { what, signal, patienceMs }: Patience): Promise<T> {
    const giveUpMs = performance.now() + (patienceMs ?? limits.kafkaOutageMsMax);
    for (let failures = 0; ; failures += 1) {
      try {
        return await attempt();
      } catch (thrown) {
        const tired = signal.aborted || performance.now() >= giveUpMs;
        if (tired || !isRetriable(thrown)) throw toLogFailure(thrown, what);
        await sleep(retryPauseMs(failures), undefined, { signal }).catch(() => undefined);
        await this.recover(thrown);
      }
    }
  }

  /** Forgets what a failure has shown to be out of date. Does not throw: the next attempt will tell. */
  async recover(thrown: unknown): Promise<void> {
    this.#coordinators.clear();
    if ((thrown as { name?: string }).name === 'KafkaJSRequestTimeoutError') this.#onRequestTimeout();
    try {
      // Not removeBroker, as the client itself does: a second failure of the same kind would remove the new broker, leave
      // its sockets open and the pool without the broker that it asks for metadata. The old one connects again by itself.
      if (!this.#cluster.isConnected()) await this.#cluster.connect();
      await this.#cluster.refreshMetadata();
    } catch {
      // Still away.
    }
  }

  /** Connects and learns of the topics. Throws what kafkajs throws, UNKNOWN_TOPIC_OR_PARTITION among it. */
  async ready(): Promise<WireCluster> {
    if (!this.#known) {
      await this.#cluster.connect();
      await this.#cluster.addMultipleTargetTopics([...this.#topics]);
      this.#known = true;
    }
    await this.#cluster.refreshMetadataIfNecessary();
    return this.#cluster;
  }

  async clusterId(): Promise<string> {
    return (await this.ready()).brokerPool.metadata?.clusterId ?? 'unnamed';
  }

  /** Partition numbers, ascending. */
  async partitionsOf(topic: string): Promise<number[]> {
    const partitions = (await this.ready()).findTopicPartitionMetadata(topic);
    return partitions.map(({ partitionId }) => partitionId).sort((a, b) => a - b);
  }

  /** Node ids of the leaders, by partition; a partition without a leader is left out. */
  async leadersOf(topic: string): Promise<Map<number, number>> {
    const partitions = (await this.ready()).findTopicPartitionMetadata(topic);
    return new Map(
      partitions.filter(({ leader }) => leader >= 0).map(({ partitionId, leader }) => [partitionId, leader]),
    );
  }

  async leaderOf(topic: string, partition: number): Promise<WireBroker> {
    const cluster = await this.ready();
    const leader = cluster
      .findTopicPartitionMetadata(topic)
      .find(({ partitionId }) => partitionId === partition)?.leader;
    if (leader === undefined || leader < 0) {
      throw Object.assign(new Error(`partition ${partition} of ${topic} has no leader`), { retriable: true });
    }
    return cluster.findBroker({ nodeId: leader });
  }

  async broker(nodeId: number | string): Promise<WireBroker> {
    return (await this.ready()).findBroker({ nodeId });
  }

  async anyBroker(): Promise<WireBroker> {
    const cluster = await this.ready();
    return cluster.findBroker({ nodeId: cluster.getNodeIds()[0] ?? '' });
  }

  /** Remembered until a failure: the client itself would ask before every request. */
  async coordinator(kind: keyof typeof coordinatorOf, id: string): Promise<WireBroker> {
    const key = `${kind} ${id}`;
    const known = this.#coordinators.get(key);
    if (known !== undefined) return known;
    const cluster = await this.ready();
    const found = await cluster.findGroupCoordinator({ groupId: id, coordinatorType: coordinatorOf[kind] });
    this.#coordinators.set(key, found);
    return found;
  }

  /** Ends of partitions: `timestamp` -2 gives the oldest offsets kept, -1 those that the next records will get. */
  async offsets(topic: string, partitions: readonly number[], timestamp: -1 | -2): Promise<Map<number, number>> {
    const leaders = await this.leadersOf(topic);
    const nodes = new Map<number, number[]>();
    for (const partition of partitions) {
      const leader = leaders.get(partition);
      if (leader === undefined) {
        throw Object.assign(new Error(`partition ${partition} of ${topic} has no leader`), { retriable: true });
      }
      nodes.set(leader, [...(nodes.get(leader) ?? []), partition]);
    }
    const answers = await Promise.all(
      [...nodes].map(async ([nodeId, own]) => {
        const broker = await this.broker(nodeId);
        const asked = own.map((partition) => ({ partition, timestamp }));
        return broker.listOffsets({ isolationLevel: 0, topics: [{ topic, partitions: asked }] });
      }),
    );
    const found = answers.flatMap(({ responses }) => responses.flatMap((response) => response.partitions));
    return new Map(found.map(({ partition, offset }) => [partition, Number(offset)]));
  }

  async close(): Promise<void> {
    this.#coordinators.clear();
    await this.#cluster.disconnect().catch(() => undefined);
  }
}
