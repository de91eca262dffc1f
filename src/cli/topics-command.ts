/** `floodgate topics plan|apply|verify`: the Kafka topics, and the rights on them. Talks to the brokers, not to a service. */
import type { Command } from 'commander';
import { type Config, readConfig } from '../config/config.ts';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import { type KafkaConnection, kafkaConnectionOf } from '../log/kafka/connection.ts';
import { aclCommands, grantsOf } from '../log/kafka/topic-acls.ts';
import { applyTopics, inspectTopics } from '../log/kafka/topic-admin.ts';
import { faultsOf, type TopicChange, type TopicComparison } from '../log/kafka/topic-changes.ts';
import type { TopicOptions } from '../log/kafka/topic-plan.ts';
import { type CommandContext, exitCodes, integerOption } from './context.ts';
import { formatTable } from './terminal.ts';

interface TopicsCommandOptions {
  readonly partitions?: number;
  readonly replication: number;
  readonly principal?: string;
  readonly producer?: string;
  readonly enforcement?: string;
  readonly enforcementGroup: string;
  readonly json?: boolean;
}

interface Task {
  readonly connection: KafkaConnection;
  readonly topics: TopicOptions;
  /** Commands that grant the rights asked for. */
  readonly acls: readonly string[];
}

const hourMs = 3_600_000;

export function addTopicsCommands(program: Command, context: CommandContext, exitWith: (code: number) => void): void {
  const topics = program
    .command('topics')
    .description('the Kafka topics: plan, apply, verify (FLOODGATE_KAFKA_BROKERS)');
  withTopicOptions(topics.command('plan'))
    .description('show what is there, what apply would change, and the rights that are needed; changes nothing')
    .action((options: TopicsCommandOptions) => showPlan({ principal: 'User:floodgate', ...options }, context));
  withTopicOptions(topics.command('apply'))
    .description('create the topics and mend their settings; never deletes, never reduces')
    .action((options: TopicsCommandOptions) => apply(options, context, exitWith));
  withTopicOptions(topics.command('verify'))
    .description('name each fault and what to do; exits with 1 when there is one')
    .action((options: TopicsCommandOptions) => verify(options, context, exitWith));
}

function withTopicOptions(command: Command): Command {
  const { topicPartitionsMax: max, topicPartitions, topicReplication } = limits;
  const partitions = integerOption('--partitions', { min: 1, max });
  const replication = integerOption('--replication', { min: 1, max: 32 });
  return command
    .option(
      '--partitions <n>',
      `of uploads and decisions (default: as many as there are, or ${topicPartitions})`,
      partitions,
    )
    .option('--replication <n>', 'replicas of each partition', replication, topicReplication)
    .option('--principal <principal>', 'print the rights of the service, such as User:floodgate')
    .option('--producer <principal>', 'print the rights of an upload service')
    .option('--enforcement <principal>', 'print the rights of an enforcement service')
    .option('--enforcement-group <group>', 'its consumer group', 'enforcement')
    .option('--json', 'one JSON object');
}

function taskOf(options: TopicsCommandOptions, context: CommandContext): Task {
  const { config, secrets } = readConfig(context.environment);
  if (config.kafkaBrokers.length === 0) {
    throw new FloodgateError('invalid_config', 'set FLOODGATE_KAFKA_BROKERS to host:port of one or more brokers');
  }
  const { kafkaTopicPrefix: prefix, kafkaGroup: group } = config;
  const { principal: service, producer, enforcement, enforcementGroup } = options;
  const grants = grantsOf({ prefix, group, service, producer, enforcement, enforcementGroup });
  return {
    connection: kafkaConnectionOf(config, secrets),
    topics: topicOptionsOf(config, options),
    acls: aclCommands(grants, config.kafkaBrokers),
  };
}

function topicOptionsOf(config: Config, { partitions, replication }: TopicsCommandOptions): TopicOptions {
  return {
    prefix: config.kafkaTopicPrefix,
    ...(partitions === undefined ? {} : { partitions }),
    replication,
    uploadsRetentionMs: config.uploadsRetentionHours * hourMs,
    decisionsRetentionMs: config.decisionsRetentionHours * hourMs,
  };
}

async function showPlan(options: TopicsCommandOptions, context: CommandContext): Promise<void> {
  const task = taskOf(options, context);
  const comparisons = await inspectTopics(task.connection, task.topics);
  const { terminal } = context;
  if (options.json === true) {
    terminal.print(JSON.stringify({ topics: comparisons.map(plain), acls: task.acls }));
    return;
  }
  printComparisons(comparisons, context);
  printAcls(task, context);
  const changes = comparisons.reduce((sum, comparison) => sum + comparison.changes.length, 0);
  terminal.note(
    changes === 0 ? 'nothing to change' : `${countOf(changes, 'change')}; "floodgate topics apply" makes them`,
  );
}

async function apply(
  options: TopicsCommandOptions,
  context: CommandContext,
  exitWith: (code: number) => void,
): Promise<void> {
  const task = taskOf(options, context);
  const comparisons = await applyTopics(task.connection, task.topics);
  const { terminal } = context;
  const left = comparisons.flatMap(({ faults }) => faults);
  if (left.length > 0) exitWith(exitCodes.negative);
  if (options.json === true) {
    terminal.print(JSON.stringify({ topics: comparisons.map(plain), acls: task.acls }));
    return;
  }
  printComparisons(comparisons, context);
  printAcls(task, context);
  const changes = comparisons.reduce((sum, comparison) => sum + comparison.changes.length, 0);
  terminal.note(changes === 0 ? 'nothing to change' : `${countOf(changes, 'change')} made`);
}

async function verify(
  options: TopicsCommandOptions,
  context: CommandContext,
  exitWith: (code: number) => void,
): Promise<void> {
  const task = taskOf(options, context);
  const faults = faultsOf(await inspectTopics(task.connection, task.topics));
  if (faults.length > 0) exitWith(exitCodes.negative);
  const { terminal } = context;
  if (options.json === true) {
    terminal.print(JSON.stringify({ faults, acls: task.acls }));
    return;
  }
  const { colours } = terminal;
  for (const { name, problem, remedy, isVital } of faults) {
    const mark = isVital ? colours.red('unfit') : colours.yellow('differs');
    terminal.print(`${mark} ${name}: ${problem}`);
    terminal.print(`  ${colours.dim('to do:')} ${remedy}`);
  }
  printAcls(task, context);
  terminal.note(faults.length === 0 ? 'the topics are as they must be' : countOf(faults.length, 'fault'));
}

function printComparisons(comparisons: readonly TopicComparison[], { terminal }: CommandContext): void {
  const { colours } = terminal;
  for (const { planned, found, changes, faults, notes } of comparisons) {
    const { partitions, replication } = found ?? planned;
    const shape = `${countOf(partitions, 'partition')}, ${countOf(replication, 'replica')}`;
    terminal.print(
      `${colours.bold(planned.name)} ${colours.dim(shape)}${changes.length + faults.length === 0 ? ' ✓' : ''}`,
    );
    const settings = planned.settings.map(({ key, value, why }) => [`  + ${key}=${value}`, why]);
    const rows = changes.flatMap((change) => (change.kind === 'create' ? settings : [rowOf(change)]));
    const colour = found === undefined ? colours.green : colours.yellow;
    for (const line of formatTable(rows.map(([what = '', why = '']) => [colour(what), colours.dim(why)]))) {
      terminal.print(line);
    }
    for (const note of notes) terminal.print(`  ${note}`);
    for (const { problem, remedy } of faults) terminal.print(`  ${colours.red('!')} ${problem}; to do: ${remedy}`);
  }
}

function rowOf(change: Exclude<TopicChange, { kind: 'create' }>): string[] {
  if (change.kind === 'partitions') return [`  ~ partitions: ${change.from} → ${change.to}`, change.why];
  return [`  ~ ${change.key}: ${change.from ?? 'not set'} → ${change.to}`, change.why];
}

function printAcls({ acls, connection }: Task, { terminal }: CommandContext): void {
  if (acls.length === 0) return;
  const isSecured = connection.tls !== undefined || connection.sasl !== undefined;
  terminal.print();
  terminal.print(`# rights${isSecured ? '; add --command-config FILE with how an administrator logs in' : ''}`);
  for (const command of acls) terminal.print(command);
}

/** With the settings that are in effect as an object. */
function plain({ planned, found, ...rest }: TopicComparison): object {
  const asObject = found === undefined ? null : { ...found, settings: Object.fromEntries(found.settings) };
  return { topic: planned.topic, name: planned.name, planned, found: asObject, ...rest };
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
