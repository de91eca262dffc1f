/** Goal: the plan never takes anything away, and what would lose records is told apart from what is only not as asked. */
import { describe, expect, it } from 'vitest';
import { compareTopics, faultsOf } from '../../../../src/log/kafka/topic-changes.ts';
import { type FoundTopic, planTopics, satisfies, type TopicOptions } from '../../../../src/log/kafka/topic-plan.ts';
import { companionTopics, type Topic } from '../../../../src/log/log.ts';

const dayMs = 86_400_000;
const options: TopicOptions = { prefix: 'fg', uploadsRetentionMs: 3 * dayMs, decisionsRetentionMs: 30 * dayMs };

interface Changes {
  readonly partitions?: number;
  readonly replication?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** The topics as planned, except for what is said of them by their full names. */
function found(changes: Readonly<Record<string, Changes | null>> = {}): FoundTopic[] {
  return planTopics(options).flatMap((planned) => {
    const change = changes[planned.name];
    if (change === null) return [];
    const settings = Object.fromEntries(planned.settings.map(({ key, value }) => [key, value]));
    const { partitions = planned.partitions, replication = planned.replication } = change ?? {};
    return [
      {
        name: planned.name,
        partitions,
        replication,
        settings: new Map(Object.entries({ ...settings, ...change?.settings })),
      },
    ];
  });
}

/** Of the uploads and every topic that has as many partitions as they have. */
const together = (change: Changes) =>
  Object.fromEntries(['uploads', ...companionTopics].map((topic) => [`fg.${topic}.v1`, change]));

const faults = (changes: Parameters<typeof found>[0], more: Partial<TopicOptions> = {}) =>
  faultsOf(compareTopics({ ...options, ...more }, found(changes))).map(({ name, isVital, problem }) => ({
    name,
    isVital,
    problem,
  }));

describe('the plan of the topics', () => {
  it('keeps uploads and decisions for a time, and the bank for good', () => {
    const plan = new Map<Topic, object>(
      planTopics(options).map(({ settings, ...topic }) => [
        topic.topic,
        { ...topic, ...Object.fromEntries(settings.map(({ key, value }) => [key, value])) },
      ]),
    );
    const common = {
      replication: 3,
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      'message.timestamp.type': 'LogAppendTime',
    };
    const deleting = { ...common, 'cleanup.policy': 'delete' };
    const [short, long] = [{ 'retention.ms': '259200000' }, { 'retention.ms': '2592000000' }];
    expect(plan.get('uploads')).toMatchObject({ ...deleting, ...short, name: 'fg.uploads.v1', partitions: 12 });
    expect(plan.get('decisions')).toMatchObject({ ...deleting, ...long, partitions: 12 });
    expect(plan.get('stream-decisions')).toMatchObject({ ...deleting, ...long, partitions: 12 });
    // They are read again only while their stream is live, and its segments are uploads.
    expect(plan.get('fingerprints')).toMatchObject({ ...deleting, ...short, partitions: 12 });
    expect(plan.get('dead-letters')).toMatchObject({ ...deleting, ...long, partitions: 3 });
    expect(plan.get('bank')).toMatchObject({
      ...common,
      partitions: 1,
      'cleanup.policy': 'compact',
      'delete.retention.ms': '604800000',
    });
  });

  it('says why of every setting', () => {
    const poor = planTopics(options).flatMap(({ settings }) => settings.filter(({ why }) => !/^\w.{20,}\w$/.test(why)));
    expect(poor).toEqual([]);
  });

  it('asks for no replicas in sync where there are too few', () => {
    const keys = planTopics({ ...options, replication: 2 }).flatMap(({ settings }) => settings.map(({ key }) => key));
    expect(keys).not.toContain('min.insync.replicas');
  });

  it.each([
    ['at-least', '100', '100', true],
    ['at-least', '100', '99', false],
    ['at-least', '100', '-1', true],
    ['at-least', '100', undefined, false],
    ['equal', 'LogAppendTime', 'CreateTime', false],
    ['equal', 'false', 'FALSE', true],
  ] as const)('a setting %s %s is satisfied by %s: %s', (rule, value, actual, holds) => {
    expect(satisfies({ key: 'retention.ms', value, rule, why: '', isVital: false }, actual)).toBe(holds);
  });
});

describe('what is there against the plan', () => {
  it('is without fault when it is as planned, or more than that', () => {
    expect(faults({})).toEqual([]);
    const more = { partitions: 40, settings: { 'retention.ms': '-1', 'max.message.bytes': '9000000' } };
    expect(faults(together(more))).toEqual([]);
  });

  it.each([
    ['a missing topic', { 'fg.dead-letters.v1': null }],
    ['a bank that forgets', { 'fg.bank.v1': { settings: { 'cleanup.policy': 'delete' } } }],
    ['a bank that forgets in the end', { 'fg.bank.v1': { settings: { 'cleanup.policy': 'compact,delete' } } }],
    ['a bank in two orders', { 'fg.bank.v1': { partitions: 2 } }],
    ['decisions apart from uploads', { 'fg.decisions.v1': { partitions: 6 } }],
    ['decisions on streams apart from uploads', { 'fg.stream-decisions.v1': { partitions: 6 } }],
    ['fingerprints apart from uploads', { 'fg.fingerprints.v1': { partitions: 6 } }],
    ['uploads of which the newest alone stays', { 'fg.uploads.v1': { settings: { 'cleanup.policy': 'compact' } } }],
  ])('is unfit with %s', (_, changes) => {
    expect(faults(changes)).toEqual([expect.objectContaining({ name: Object.keys(changes)[0], isVital: true })]);
  });

  it.each([
    ['short retention', { 'fg.decisions.v1': { settings: { 'retention.ms': '1000' } } }, 'retention.ms=1000'],
    ['times of producers', { 'fg.uploads.v1': { settings: { 'message.timestamp.type': 'CreateTime' } } }, 'lag'],
    ['small records', { 'fg.bank.v1': { settings: { 'max.message.bytes': '1000000' } } }, 'a record of full size'],
    ['unclean elections', { 'fg.bank.v1': { settings: { 'unclean.leader.election.enable': 'true' } } }, 'lags'],
    ['one replica in sync', { 'fg.bank.v1': { settings: { 'min.insync.replicas': '1' } } }, 'acknowledged'],
    ['more in sync than there are', { 'fg.bank.v1': { replication: 1 } }, 'nothing can be written'],
  ])('differs, though the service can start, with %s', (_, changes, text) => {
    expect(faults(changes)).toEqual([
      { name: Object.keys(changes)[0], isVital: false, problem: expect.stringContaining(text) },
    ]);
  });

  it('has too few replicas only where some number of them is asked for', () => {
    const thin = { 'fg.uploads.v1': { replication: 1, settings: { 'min.insync.replicas': '1' } } };
    expect(faults(thin)).toEqual([]);
    expect(faults(thin, { replication: 3 })).toMatchObject([
      { isVital: false, problem: 'a partition has 1 of 3 replicas' },
    ]);
  });
});

describe('partitions', () => {
  const counts = (changes: Parameters<typeof found>[0], partitions?: number) =>
    Object.fromEntries(
      compareTopics({ ...options, ...(partitions === undefined ? {} : { partitions }) }, found(changes))
        .filter(({ planned }) => ['uploads', ...companionTopics].includes(planned.topic))
        .map(({ planned, changes: each, notes }) => [
          planned.topic,
          { to: planned.partitions, changes: each.length, notes: notes.length },
        ]),
    );
  const each = (count: object) =>
    Object.fromEntries(['uploads', 'decisions', 'stream-decisions', 'fingerprints'].map((topic) => [topic, count]));

  it('stay as they are unless they are asked for', () => {
    expect(counts(together({ partitions: 4 }))).toEqual(each({ to: 4, changes: 0, notes: 0 }));
  });

  it('of uploads and their companions grow together, to what the one has that has most', () => {
    expect(counts({ 'fg.decisions.v1': { partitions: 20 } })).toMatchObject({
      ...each({ to: 20, changes: 1 }),
      decisions: { to: 20, changes: 0 },
    });
    const five = { ...together({ partitions: 5 }), 'fg.uploads.v1': null };
    expect(counts(five)).toMatchObject({ ...each({ to: 5, changes: 0 }), uploads: { to: 5, changes: 1 } });
    expect(counts({}, 24)).toMatchObject(each({ to: 24, changes: 1 }));
  });

  it('of topics that are new beside older ones are as many as theirs', () => {
    const older = { ...together({ partitions: 5 }), 'fg.stream-decisions.v1': null, 'fg.fingerprints.v1': null };
    expect(counts(older)).toMatchObject({
      ...each({ to: 5, changes: 0 }),
      'stream-decisions': { to: 5, changes: 1 },
      fingerprints: { to: 5, changes: 1 },
    });
  });

  it('are never taken away', () => {
    expect(counts({}, 4)).toEqual(each({ to: 12, changes: 0, notes: 1 }));
  });

  it('that are only wished for do not make the topics unfit', () => {
    expect(faults({}, { partitions: 24 }).map(({ isVital }) => isVital)).toEqual([false, false, false, false]);
  });
});
