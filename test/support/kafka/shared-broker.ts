/** The broker that all test files of a run share. Their topics, groups and transactional ids have random names. */
import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';

/** Brokers that are there already, given by FLOODGATE_TEST_BROKERS as host:port,...; plaintext, without credentials. */
export function givenBrokers(): string[] | undefined {
  const given = (process.env.FLOODGATE_TEST_BROKERS ?? '').split(',').map((each) => each.trim());
  const brokers = given.filter((each) => each !== '');
  if (brokers.length === 0) return undefined;
  const wrong = brokers.filter((each) => !/:\d+$/.test(each));
  if (wrong.length > 0) throw new Error(`FLOODGATE_TEST_BROKERS takes host:port,...; not ${wrong.join(', ')}`);
  return brokers;
}

/** The first call of a run starts the broker, unless brokers are given. */
export async function sharedBroker(): Promise<{ brokers: string[] }> {
  const given = givenBrokers();
  if (given !== undefined) return { brokers: given };
  const response = await fetch(inject('sharedBrokerUrl'));
  if (!response.ok) throw new Error(await response.text());
  return { brokers: (await response.json()) as string[] };
}

/** A name for a topic, group or transactional id that no other test has: "things-1f0c…". */
export function uniqueName(what: string): string {
  return `${what}-${randomUUID().slice(0, 13)}`;
}
