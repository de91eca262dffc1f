/** When a broker can be used: an open port is not enough, its coordinators come up later. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';

const pollIntervalMs = 100;

/**
 * Waits until metadata, the coordinator of groups and the one of transactions have answered, in this order; the broker
 * makes their topics for it. Rejects when `failure` says that waiting is in vain, or after `timeoutMs`.
 */
export async function waitUntilReady(broker: string, timeoutMs: number, failure: () => string | null): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const client = new kafkajs.Kafka({
    brokers: [broker],
    clientId: 'readiness',
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 5000,
    // Not none: the client looks a coordinator's address up in its second try.
    retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 500 },
  });
  for (const probe of [probeMetadata, probeGroups, probeTransactions]) {
    for (let last = 'nothing was asked yet'; ; await sleep(pollIntervalMs)) {
      const reason = failure() ?? (Date.now() > deadline ? `not ready within ${timeoutMs} ms: ${last}` : null);
      if (reason !== null) throw new Error(`${probe.name}: ${reason}`);
      try {
        await probe(client);
        break;
      } catch (error) {
        last = String(error);
      }
    }
  }
}

async function probeMetadata(client: kafkajs.Kafka): Promise<void> {
  await withAdmin(client, async (admin) => {
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error('the cluster has no broker yet');
  });
}

async function probeGroups(client: kafkajs.Kafka): Promise<void> {
  await withAdmin(client, (admin) => admin.describeGroups(['readiness']));
}

/** Connecting gets an id for the producer, which its coordinator writes to its log. */
async function probeTransactions(client: kafkajs.Kafka): Promise<void> {
  const producer = client.producer({ transactionalId: 'readiness', maxInFlightRequests: 1, idempotent: true });
  try {
    await producer.connect();
  } finally {
    await producer.disconnect();
  }
}

async function withAdmin(client: kafkajs.Kafka, action: (admin: kafkajs.Admin) => Promise<unknown>): Promise<void> {
  const admin = client.admin();
  try {
    await admin.connect();
    await action(admin);
  } finally {
    await admin.disconnect();
  }
}
