/**
 * Membership in a consumer group: which partitions are this process's.
 *
 * The client's consumer is used for this alone: it joins, answers heartbeats and takes part in rebalances, with all of
 * its partitions paused from the first moment, so that it never fetches. Its loop then has nothing to wait for, and
 * heartbeats do not depend on how long an upload takes. Records are read by fetcher.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, ConsumerGroupJoinEvent, Kafka } from 'kafkajs';
import { limits } from '../../config/limits.ts';
import { FloodgateError } from '../../errors.ts';

export interface MembershipOptions {
  readonly kafka: Kafka;
  readonly group: string;
  /** Full name. */
  readonly topic: string;
  readonly sessionTimeoutMs: number;
  /**
   * After each rebalance. `continuous` when this process was a member of the generation before as well, by the same
   * member id: then nobody else can have had the partitions that it keeps.
   */
  readonly onAssigned: (partitions: readonly number[], continuous: boolean) => void;
  /** The client stopped and will not start again by itself. */
  readonly onFailure: (error: FloodgateError) => void;
  readonly onWarning: (what: string, facts: Record<string, unknown>) => void;
}

/** What the coordinator accepts commits by, until the group has moved on. */
export interface GroupMember {
  readonly memberId: string;
  readonly groupGenerationId: number;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #consumer: Consumer;
  readonly #topic: string;
  #memberId: string | null = null;
  #member: GroupMember | null = null;
  #confirmedMs = Number.NEGATIVE_INFINITY;
  #next = newConfirmation();
  #closed = false;

  constructor(options: MembershipOptions) {
    const { kafka, group, sessionTimeoutMs } = options;
    this.#options = options;
    this.#topic = options.topic;
    const heartbeatInterval = Math.max(50, Math.floor(sessionTimeoutMs / 6));
    this.#consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      // Members have nothing to finish before they join again, so nobody is waited for longer than for a dead one.
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval,
      // With everything paused this is the pause between two turns of the loop that sends heartbeats.
      maxWaitTimeInMs: Math.min(heartbeatInterval, limits.kafkaFetchWaitMs),
      allowAutoTopicCreation: false,
      readUncommitted: false,
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 5, restartOnFailure: async () => !this.#closed },
    });
  }

  /** Resolves when the group has been joined; `onAssigned` has been called by then. */
  async join(): Promise<void> {
    const { HEARTBEAT, GROUP_JOIN, REBALANCING, CRASH } = this.#consumer.events;
    const joined = new Promise<void>((resolve, reject) => {
      this.#consumer.on(GROUP_JOIN, (event) => {
        this.#joined(event);
        resolve();
      });
      this.#consumer.on(CRASH, ({ payload: { error, restart } }) => {
        this.#memberId = null;
        this.#member = null;
        this.#confirmedMs = Number.NEGATIVE_INFINITY;
        this.#options.onWarning('membership in the consumer group was interrupted', { error, restart });
        if (restart) return;
        const failure = new FloodgateError('log_failed', `the consumer group cannot be joined: ${error.message}`, {
          cause: error,
        });
        this.#options.onFailure(failure);
        reject(failure);
      });
    });
    joined.catch(() => {});
    // From here on the partitions may be given to others, whatever was confirmed before.
    this.#consumer.on(REBALANCING, () => {
      this.#confirmedMs = Number.NEGATIVE_INFINITY;
    });
    this.#consumer.on(HEARTBEAT, ({ payload: { memberId, groupGenerationId } }) => {
      this.#member = { memberId, groupGenerationId };
      this.#confirm();
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // Never called: everything is paused before the first fetch.
      eachBatch: async () => {},
    });
    await joined;
  }

  /** Milliseconds since the coordinator last confirmed that this process is a member. */
  unconfirmedMs(): number {
    return performance.now() - this.#confirmedMs;
  }

  /** Resolves at the next confirmation: a heartbeat that was answered, or a rebalance that was gone through. */
  confirmed(): Promise<void> {
    if (this.#closed) return Promise.reject(new FloodgateError('log_failed', 'the consumer is closed'));
    return this.#next.given;
  }

  /** Who commits in the group; null until the coordinator has confirmed the generation after a rebalance. */
  get member(): GroupMember | null {
    return this.#member;
  }

  /** Leaves the group, so that the others take over at once. */
  async leave(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#confirm();
    // Brokers that do not answer are not waited for; the group then finds out by itself.
    const left = this.#consumer.disconnect().catch(() => undefined);
    await Promise.race([left, sleep(limits.kafkaLeaveMsMax, undefined, { ref: false })]);
  }

  /** Ends without a word to the coordinator. */
  abandon(): void {
    this.#closed = true;
    this.#confirm();
  }

  #joined({ payload }: ConsumerGroupJoinEvent): void {
    // Without partitions named, those that are assigned later are paused as well.
    this.#consumer.pause([{ topic: this.#topic }]);
    const continuous = this.#memberId === payload.memberId;
    this.#memberId = payload.memberId;
    this.#member = null;
    this.#confirm();
    this.#options.onAssigned(payload.memberAssignment[this.#topic] ?? [], continuous);
  }

  #confirm(): void {
    this.#confirmedMs = performance.now();
    this.#next.give();
    this.#next = newConfirmation();
  }
}

/** One for all who wait for it: some ask again and again while no broker answers. */
function newConfirmation(): { given: Promise<void>; give: () => void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
