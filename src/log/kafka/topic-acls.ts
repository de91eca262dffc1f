/** The rights that Floodgate and its neighbours need, and the `kafka-acls` commands that grant exactly these. Pure. */
import type { Topic } from '../log.ts';
import { topicNameOf } from './topic-names.ts';

export interface AclOptions {
  readonly prefix: string;
  /** Consumer group of the service; its transactional ids begin with it. */
  readonly group: string;
  /** Principals as Kafka spells them, for example "User:floodgate". */
  readonly service?: string | undefined;
  /** Who publishes uploads. */
  readonly producer?: string | undefined;
  /** Who consumes decisions, and in which group. */
  readonly enforcement?: string | undefined;
  readonly enforcementGroup: string;
}

export interface Grant {
  readonly principal: string;
  readonly resource: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  readonly pattern: 'literal' | 'prefixed';
  /** As kafka-acls spells them. Read and Write include Describe. */
  readonly operations: readonly ('Read' | 'Write' | 'Describe' | 'DescribeConfigs')[];
  readonly why: string;
}

/** Nothing is granted on the cluster: no topic is made and no configuration changed by any of these principals. */
export function grantsOf(options: AclOptions): Grant[] {
  const { service, producer, enforcement } = options;
  return [
    ...(service === undefined ? [] : serviceGrants(service, options)),
    ...(producer === undefined ? [] : [onTopic(options, producer, 'uploads', ['Write'], 'publishes uploads')]),
    ...(enforcement === undefined
      ? []
      : [
          onTopic(options, enforcement, 'decisions', ['Read'], 'consumes decisions'),
          onTopic(options, enforcement, 'stream-decisions', ['Read'], 'consumes decisions on live streams'),
          onGroup(enforcement, options.enforcementGroup, 'keeps its place in the decisions'),
        ]),
  ];
}

function serviceGrants(principal: string, options: AclOptions): Grant[] {
  const on = (topic: Topic, why: string) =>
    onTopic(options, principal, topic, ['Read', 'Write', 'DescribeConfigs'], `${why}; looks at its settings at start`);
  return [
    on('uploads', 'consumes uploads, and appends those that come over HTTP'),
    on('decisions', 'publishes decisions, and reads them to answer for them'),
    on('stream-decisions', 'publishes decisions on live streams, and reads them to answer for them'),
    on('fingerprints', 'publishes what it saw of live streams, and reads it to go on from there'),
    on('bank', 'follows the bank, and appends what operators add and remove'),
    on('dead-letters', 'appends dead letters, and lists them'),
    onGroup(principal, options.group, 'shares the uploads out among its processes'),
    {
      principal,
      resource: 'transactional-id',
      // Without the dot the rights would reach into a group whose name begins with this one.
      name: `${options.group}.`,
      pattern: 'prefixed',
      operations: ['Write', 'Describe'],
      why: 'publishes decisions and progress as one',
    },
  ];
}

function onTopic(
  { prefix }: AclOptions,
  principal: string,
  topic: Topic,
  operations: Grant['operations'],
  why: string,
): Grant {
  return { principal, resource: 'topic', name: topicNameOf(prefix, topic), pattern: 'literal', operations, why };
}

function onGroup(principal: string, name: string, why: string): Grant {
  return { principal, resource: 'group', name, pattern: 'literal', operations: ['Read'], why };
}

/** The arguments of `kafka-acls` beside how the brokers are reached. */
function aclArguments(grant: Grant): string[] {
  return [
    '--add',
    ...['--allow-principal', grant.principal],
    ...grant.operations.flatMap((operation) => ['--operation', operation]),
    ...(grant.pattern === 'prefixed' ? ['--resource-pattern-type', 'prefixed'] : []),
    ...[`--${grant.resource}`, grant.name],
  ];
}

/** One command a grant, for a shell. A secured cluster needs `--command-config` besides. */
export function aclCommands(grants: readonly Grant[], brokers: readonly string[]): string[] {
  const reached = ['kafka-acls', '--bootstrap-server', brokers.join(',')];
  return grants.map((grant) => [...reached, ...aclArguments(grant)].map(quoted).join(' '));
}

function quoted(argument: string): string {
  return /^[\w.,:=/@-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
