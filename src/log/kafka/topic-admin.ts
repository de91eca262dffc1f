/** Looks at the topics and changes them, over Kafka's admin protocol. What is to be changed is decided in topic-changes.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type DescribeConfigResponse } from 'kafkajs';
import { limits } from '../../config/limits.ts';
import { FloodgateError } from '../../errors.ts';
import { kafkaClientOptions } from './client-options.ts';
import type { KafkaConnection } from './connection.ts';
import { compareTopics, faultsOf, type TopicChange, type TopicComparison, type TopicFault } from './topic-changes.ts';
import { type FoundTopic, type PlannedTopic, planTopics, type TopicOptions } from './topic-plan.ts';

const { ConfigResourceTypes, ConfigSource, Kafka } = kafkajs;
const retries = 4;
const leaderCheckMs = 50;
/** What brokers answer about a topic that was made a moment ago. */
const notYet = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** What is there, against what the options ask for. Throws log_failed when the brokers cannot be asked. */
export function inspectTopics(connection: KafkaConnection, options: TopicOptions): Promise<TopicComparison[]> {
  return withAdmin(connection, async (admin) => compareTopics(options, await findTopics(admin, options)));
}

/** Every fault of the topics; empty when they are fit. Throws log_failed when the brokers cannot be asked. */
export async function verifyTopics(connection: KafkaConnection, options: TopicOptions): Promise<TopicFault[]> {
  return faultsOf(await inspectTopics(connection, options));
}

/**
 * Makes the changes, uploads last, so that there is no upload whose decision has no partition to go to.
 * Resolves with what was changed. Throws log_failed when the brokers refuse, with the rest left as it was.
 */
export function applyTopics(connection: KafkaConnection, options: TopicOptions): Promise<TopicComparison[]> {
  return withAdmin(connection, async (admin) => {
    const comparisons = compareTopics(options, await findTopics(admin, options));
    const isLast = ({ planned }: TopicComparison) => Number(planned.topic === 'uploads');
    const ordered = [...comparisons].sort((a, b) => isLast(a) - isLast(b));
    for (const { planned, changes } of ordered) await applyChanges(admin, planned, changes);
    return comparisons;
  });
}

/** Throws topics_unfit with every vital fault; returns the others, to be told. */
export async function assertTopicsFit(connection: KafkaConnection, options: TopicOptions): Promise<TopicFault[]> {
  const faults = await verifyTopics(connection, options);
  const vital = faults.filter(({ isVital }) => isVital);
  if (vital.length === 0) return faults;
  const told = vital.map(({ name, problem, remedy }) => `${name}: ${problem} (${remedy})`);
  throw new FloodgateError('topics_unfit', told.join('; '));
}

async function applyChanges(admin: Admin, planned: PlannedTopic, changes: readonly TopicChange[]): Promise<void> {
  if (changes.some(({ kind }) => kind === 'create')) return createTopic(admin, planned);
  for (const change of changes) {
    if (change.kind !== 'partitions') continue;
    await admin.createPartitions({ topicPartitions: [{ topic: planned.name, count: change.to }] });
  }
  const settings = changes.filter((change) => change.kind === 'setting');
  if (settings.length > 0) await changeSettings(admin, planned.name, settings);
}

async function createTopic(admin: Admin, planned: PlannedTopic): Promise<void> {
  await admin.createTopics({
    // The client's own waiting gives up when a broker that it asks does not know the topic yet.
    waitForLeaders: false,
    timeout: limits.kafkaRequestTimeoutMs,
    topics: [
      {
        topic: planned.name,
        numPartitions: planned.partitions,
        replicationFactor: planned.replication,
        configEntries: planned.settings.map(({ key, value }) => ({ name: key, value })),
      },
    ],
  });
  await leadersChosen(admin, planned);
}

async function leadersChosen(admin: Admin, { name, partitions }: PlannedTopic): Promise<void> {
  for (const giveUpMs = performance.now() + limits.kafkaRequestTimeoutMs; ; await sleep(leaderCheckMs)) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] }).catch((thrown: BrokerFault) => {
      if (notYet.has(thrown.type ?? '')) return { topics: [] };
      throw thrown;
    });
    const led = topics[0]?.partitions.filter(({ leader }) => leader >= 0) ?? [];
    if (led.length === partitions) return;
    if (performance.now() > giveUpMs) throw new FloodgateError('log_failed', `the topic ${name} gets no leaders`);
  }
}

/** The request replaces all that was set for the topic, so that what is to stay is sent along. */
async function changeSettings(
  admin: Admin,
  name: string,
  changes: readonly { readonly key: string; readonly to: string }[],
): Promise<void> {
  const [described] = (await describe(admin, [name])).resources;
  const own = described?.configEntries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG) ?? [];
  const entries = new Map(own.map(({ configName, configValue }) => [configName, configValue]));
  for (const { key, to } of changes) entries.set(key, to);
  const configEntries = [...entries].map(([key, value]) => ({ name: key, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }],
  });
}

async function findTopics(admin: Admin, options: TopicOptions): Promise<FoundTopic[]> {
  const wanted = planTopics(options).map(({ name }) => name);
  // Asked for by name, a topic that is not there could be made, by brokers that make topics by themselves.
  const known = new Set(await admin.listTopics());
  const names = wanted.filter((name) => known.has(name));
  if (names.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await describe(admin, names);
  const settingsOf = new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.length,
    replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    settings: new Map((settingsOf.get(name) ?? []).map(({ configName, configValue }) => [configName, configValue])),
  }));
}

function describe(admin: Admin, names: readonly string[]): Promise<DescribeConfigResponse> {
  return admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
}

async function withAdmin<T>(connection: KafkaConnection, action: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka(kafkaClientOptions(connection)).admin({ retry: { retries, initialRetryTime: 100 } });
  try {
    await admin.connect();
    return await action(admin);
  } catch (thrown) {
    throw adminFailure(connection, thrown);
  } finally {
    await admin.disconnect();
  }
}

interface BrokerFault {
  readonly name?: string;
  readonly type?: string;
  readonly message?: string;
  readonly errors?: readonly unknown[];
}

function adminFailure({ brokers }: KafkaConnection, thrown: unknown): FloodgateError {
  if (thrown instanceof FloodgateError) return thrown;
  const outer = (thrown ?? {}) as BrokerFault;
  const { name = '', type = '', message = String(thrown) } = (outer.errors?.[0] ?? outer) as BrokerFault;
  const where = brokers.join(',');
  if (type.endsWith('AUTHORIZATION_FAILED')) {
    const what = `the brokers at ${where} refuse it (${type}): "floodgate topics plan" prints the rights that are needed`;
    return new FloodgateError('log_failed', what, { cause: thrown });
  }
  const isAway = name === 'KafkaJSConnectionError' || name === 'KafkaJSNumberOfRetriesExceeded';
  const what = isAway ? `no broker could be asked at ${where}` : `the brokers at ${where} refuse it`;
  return new FloodgateError('log_failed', `${what}: ${type === '' ? '' : `${type}, `}${message}`, { cause: thrown });
}
