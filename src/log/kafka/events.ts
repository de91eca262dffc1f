/** What the Kafka log tells of itself, to be logged and counted. */
export interface KafkaLogEvents {
  /** After each rebalance, with how many partitions this process has. */
  partitionsAssigned(count: number): void;
  /** A partition is no longer here, by a rebalance or because it was taken over. */
  partitionLost(partition: number): void;
  /** A broker did not answer a request in time. */
  requestTimedOut(): void;
  /** Somebody else has taken a partition over while this process still held it. */
  fenced(partition: number): void;
  transactionEnded(result: 'committed' | 'aborted', seconds: number): void;
  /** Partitions that are not read because enough of them waits here. */
  partitionsPaused(count: number): void;
  warned(what: string, facts: Record<string, unknown>): void;
}
