/** What is there against what is planned: the changes that can be made, and the faults that somebody must see to. Pure. */
import { companionTopics, type Topic } from '../log.ts';
import { type FoundTopic, type PlannedTopic, planTopics, satisfies, type TopicOptions } from './topic-plan.ts';

export type TopicChange =
  | { readonly kind: 'create'; readonly why: string; readonly isVital: boolean }
  | {
      readonly kind: 'partitions';
      readonly from: number;
      readonly to: number;
      readonly why: string;
      readonly isVital: boolean;
    }
  | {
      readonly kind: 'setting';
      readonly key: string;
      readonly from: string | null;
      readonly to: string;
      readonly why: string;
      readonly isVital: boolean;
    };

export interface TopicFault {
  readonly topic: Topic;
  readonly name: string;
  readonly problem: string;
  readonly remedy: string;
  /** Records would be lost or decided twice: the service does not start. */
  readonly isVital: boolean;
}

export interface TopicComparison {
  readonly planned: PlannedTopic;
  readonly found: FoundTopic | undefined;
  /** Nothing is ever deleted or reduced. */
  readonly changes: readonly TopicChange[];
  /** What no change mends. */
  readonly faults: readonly TopicFault[];
  /** What stays as it is although less was asked for. */
  readonly notes: readonly string[];
}

const twins: readonly Topic[] = ['uploads', ...companionTopics];

export function compareTopics(options: TopicOptions, existing: readonly FoundTopic[]): TopicComparison[] {
  const byName = new Map(existing.map((found) => [found.name, found]));
  const plan = planTopics(options);
  const twinPartitions = partitionsOfTwins(plan, byName, options.partitions);
  return plan.map((each) => {
    const planned = twins.includes(each.topic) ? { ...each, partitions: twinPartitions } : each;
    const found = byName.get(planned.name);
    if (found === undefined) {
      const create = { kind: 'create' as const, why: 'it is not there', isVital: true };
      return { planned, found, changes: [create], faults: [], notes: [] };
    }
    return {
      planned,
      found,
      changes: [...partitionChanges(planned, found), ...settingChanges(planned, found)],
      faults: [...bankFaults(planned, found), ...replicationFaults(planned, found, options.replication)],
      notes: notesOn(found, planned, options.partitions),
    };
  });
}

/** Of uploads and their companions: as many as asked for, and never fewer than either has. */
function partitionsOfTwins(
  plan: readonly PlannedTopic[],
  byName: ReadonlyMap<string, FoundTopic>,
  asked: number | undefined,
): number {
  const [first] = plan.filter(({ topic }) => twins.includes(topic));
  const present = plan.flatMap(({ topic, name }) =>
    twins.includes(topic) ? (byName.get(name)?.partitions ?? []) : [],
  );
  const most = Math.max(0, asked ?? 0, ...present);
  return most === 0 ? (first?.partitions ?? 1) : most;
}

function partitionChanges(planned: PlannedTopic, found: FoundTopic): TopicChange[] {
  if (!twins.includes(planned.topic) || found.partitions === planned.partitions) return [];
  const why = 'a decision stands in the partition of its upload, so uploads and their companions have as many';
  return [{ kind: 'partitions', from: found.partitions, to: planned.partitions, why, isVital: true }];
}

function settingChanges(planned: PlannedTopic, found: FoundTopic): TopicChange[] {
  // Of a topic with few replicas as many in sync could not be asked: nothing could be written to it.
  const settings = planned.settings.filter(({ key }) => key !== 'min.insync.replicas' || found.replication > 2);
  return settings
    .filter((setting) => !satisfies(setting, found.settings.get(setting.key)))
    .map(({ key, value, why, isVital }) => ({
      kind: 'setting',
      key,
      from: found.settings.get(key) ?? null,
      to: value,
      why,
      isVital,
    }));
}

function bankFaults({ topic, name }: PlannedTopic, { partitions }: FoundTopic): TopicFault[] {
  if (topic !== 'bank' || partitions === 1) return [];
  return [
    {
      topic,
      name,
      problem: `it has ${partitions} partitions, and the order of all bank changes is that of one`,
      remedy: 'delete it, run "floodgate topics apply", and add the known content anew; or use another prefix',
      isVital: true,
    },
  ];
}

function replicationFaults(planned: PlannedTopic, found: FoundTopic, asked: number | undefined): TopicFault[] {
  const { topic, name } = planned;
  const inSync = Number(found.settings.get('min.insync.replicas') ?? 1);
  const faults: TopicFault[] = [];
  if (asked !== undefined && found.replication < asked) {
    const problem = `a partition has ${found.replication} of ${asked} replicas`;
    const remedy = 'kafka-reassign-partitions moves and adds replicas; or ask for fewer with --replication';
    faults.push({ topic, name, problem, remedy, isVital: false });
  }
  if (inSync > found.replication) {
    const problem = `min.insync.replicas=${inSync} of ${found.replication} replicas: nothing can be written`;
    const remedy = 'lower min.insync.replicas with kafka-configs, or add replicas with kafka-reassign-partitions';
    faults.push({ topic, name, problem, remedy, isVital: false });
  }
  return faults;
}

function notesOn(found: FoundTopic, planned: PlannedTopic, asked: number | undefined): string[] {
  if (asked === undefined || !twins.includes(planned.topic) || planned.partitions <= asked) return [];
  return [`stays at ${Math.max(found.partitions, planned.partitions)} partitions: none are ever taken away`];
}

/** Every fault, what `apply` would mend included. */
export function faultsOf(comparisons: readonly TopicComparison[]): TopicFault[] {
  return comparisons.flatMap(({ planned, found, changes, faults }) => [
    ...changes.map((change) => ({
      topic: planned.topic,
      name: planned.name,
      problem: problemOf(change, found),
      remedy: 'floodgate topics apply',
      isVital: change.isVital && !isMoreThanAsked(change, comparisons),
    })),
    ...faults,
  ]);
}

/** Partitions that are only wanted, by --partitions, where uploads and their companions have as many as each other. */
function isMoreThanAsked(change: TopicChange, comparisons: readonly TopicComparison[]): boolean {
  if (change.kind !== 'partitions') return false;
  const counts = comparisons
    .filter(({ planned }) => twins.includes(planned.topic))
    .map(({ found }) => found?.partitions);
  return new Set(counts).size === 1;
}

function problemOf(change: TopicChange, found: FoundTopic | undefined): string {
  switch (change.kind) {
    case 'create':
      return 'it is not there, or may not be seen with these credentials';
    case 'partitions':
      return `it has ${found?.partitions} partitions, not ${change.to}: ${change.why}`;
    case 'setting':
      return `${change.key}=${change.from ?? ''}, not ${change.to}: ${change.why}`;
  }
}
