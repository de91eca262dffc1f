/** A Kafka log on a broker of the tests, and what it told of itself. */

import type { KafkaLogEvents } from '../../../src/log/kafka/events.ts';
import type { Delivery } from '../../../src/log/kafka/kafka-consumer.ts';
import { type KafkaLog, openKafkaLog } from '../../../src/log/kafka-log.ts';

export interface Told {
  readonly events: KafkaLogEvents;
  readonly warnings: { what: string; facts: Record<string, unknown> }[];
  readonly fenced: number[];
  readonly assigned: number[];
  readonly transactions: { result: 'committed' | 'aborted'; seconds: number }[];
}

export function listenToLog(): Told {
  const told = {
    warnings: [] as Told['warnings'],
    fenced: [] as number[],
    assigned: [] as number[],
    transactions: [] as Told['transactions'],
  };
  return {
    ...told,
    events: {
      partitionsAssigned: (count) => told.assigned.push(count),
      partitionLost: () => undefined,
      requestTimedOut: () => undefined,
      fenced: (partition) => told.fenced.push(partition),
      transactionEnded: (result, seconds) => told.transactions.push({ result, seconds }),
      partitionsPaused: () => undefined,
      warned: (what, facts) => told.warnings.push({ what, facts }),
    },
  };
}

/** Sessions are short, so that what a crash leaves behind is taken over soon. */
export const testSessionTimeoutMs = 1_000;

export async function openTestLog(
  brokers: readonly string[],
  prefix: string,
  { delivery = 'exactly-once', told = listenToLog() }: { delivery?: Delivery; told?: Told } = {},
): Promise<KafkaLog> {
  return openKafkaLog({
    connection: { brokers },
    prefix,
    delivery,
    sessionTimeoutMs: testSessionTimeoutMs,
    events: told.events,
  });
}
