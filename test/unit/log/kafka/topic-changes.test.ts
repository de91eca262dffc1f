/** Goal: the plan never takes anything away, and what would lose records is told apart from what is only not as asked. */
import { describe, expect, it } from 'vitest';
import { compareTopics, faultsOf } from '../../../../src/log/kafka/topic-changes.ts';
import { type FoundTopic, planTopics, satisfies, type TopicOptions } from '../../../../src/log/kafka/topic-plan.ts';

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

/** The same for uploads and all that stand in their partitions. */
const twins = (change: Changes | null) =>
  Object.fromEntries(
    ['uploads', 'decisions', 'stream-decisions', 'fingerprints'].map((name) => [`fg.${name}.v1`, change]),
  );

const faults = (changes: Parameters<typeof found>[0], more: Partial<TopicOptions> = {}) =>
  faultsOf(compareTopics({ ...options, ...more }, found(changes))).map(({ name, isVital, problem }) => ({
    name,
    isVital,
    problem,
  }));

describe('the plan of the topics', () => {
  it('keeps uploads and decisions for a time, and the bank for good', () => {
    const planned = planTopics(options).map(({ settings, ...topic }) => ({
      ...topic,
      ...Object.fromEntries(settings.map(({ key, value }) => [key, value])),
    }));
    const [uploads, decisions, streamDecisions, fingerprints, bank, deadLetters] = planned;
    const common = {
      replication: 3,
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      'message.timestamp.type': 'LogAppendTime',
    };
    const deleting = { ...common, 'cleanup.policy': 'delete' };
    expect(uploads).toMatchObject({ ...deleting, name: 'fg.uploads.v1', partitions: 12, 'retention.ms': '259200000' });
    expect(decisions).toMatchObject({ ...deleting, partitions: 12, 'retention.ms': '2592000000' });
    expect(streamDecisions).toMatchObject({ ...deleting, partitions: 12, 'retention.ms': '2592000000' });
    expect(fingerprints).toMatchObject({ ...deleting, partitions: 12, 'retention.ms': '259200000' });
    expect(deadLetters).toMatchObject({ ...deleting, partitions: 3, 'retention.ms': '2592000000' });
    expect(bank).toMatchObject({
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
    expect(faults({ ...twins(more) })).toEqual([]);
  });

  it.each([
    ['a missing topic', { 'fg.dead-letters.v1': null }],
    ['a bank that forgets', { 'fg.bank.v1': { settings: { 'cleanup.policy': 'delete' } } }],
    ['a bank that forgets in the end', { 'fg.bank.v1': { settings: { 'cleanup.policy': 'compact,delete' } } }],
    ['a bank in two orders', { 'fg.bank.v1': { partitions: 2 } }],
    ['fingerprints apart from uploads', { 'fg.fingerprints.v1': { partitions: 6 } }],
    ['decisions apart from uploads', { 'fg.decisions.v1': { partitions: 6 } }],
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
    compareTopics({ ...options, ...(partitions === undefined ? {} : { partitions }) }, found(changes))
      .filter(({ planned }) => ['uploads', 'decisions'].includes(planned.topic))
      .map(({ planned, changes: each, notes }) => ({
        to: planned.partitions,
        changes: each.length,
        notes: notes.length,
      }));

  it('stay as they are unless they are asked for', () => {
    const four = { partitions: 4 };
    expect(counts(twins(four))).toEqual([
      { to: 4, changes: 0, notes: 0 },
      { to: 4, changes: 0, notes: 0 },
    ]);
  });

  it('of the topics of live streams are as many, where only the others are there', () => {
    const older = { 'fg.stream-decisions.v1': null, 'fg.fingerprints.v1': null };
    const compared = compareTopics(options, found({ ...twins({ partitions: 5 }), ...older }));
    const made = compared.filter(({ changes }) => changes.length > 0);
    expect(made.map(({ planned }) => [planned.topic, planned.partitions])).toEqual([
      ['stream-decisions', 5],
      ['fingerprints', 5],
    ]);
  });

  it('of uploads and decisions grow together, to what the one has that has more', () => {
    expect(counts({ 'fg.decisions.v1': { partitions: 20 } })).toMatchObject([
      { to: 20, changes: 1 },
      { to: 20, changes: 0 },
    ]);
    expect(counts({ ...twins(null), 'fg.decisions.v1': { partitions: 5 } })).toMatchObject([{ to: 5 }, { to: 5 }]);
    expect(counts({}, 24)).toMatchObject([
      { to: 24, changes: 1 },
      { to: 24, changes: 1 },
    ]);
  });

  it('are never taken away', () => {
    expect(counts({}, 4)).toEqual([
      { to: 12, changes: 0, notes: 1 },
      { to: 12, changes: 0, notes: 1 },
    ]);
  });

  it('that are only wished for do not make the topics unfit', () => {
    expect(faults({}, { partitions: 24 }).map(({ isVital }) => isVital)).toEqual([false, false, false, false]);
  });
});
