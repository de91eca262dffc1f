/** The decision view over a topic of several partitions. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import type { Log, NewRecord, PartitionEnd, TailOptions } from '../../../src/log/log.ts';
import { type OpenDecisionView, openDecisionView } from '../../../src/views/decision-view.ts';
import { decisionOf } from '../../support/decisions.ts';
import { MemoryDisk, MemoryLog } from '../../support/memory-log.ts';

let folder: string;
let log: MemoryLog;
let view: OpenDecisionView;

const pathOfView = () => join(folder, 'decisions.sqlite');

async function open(over: Pick<Log, 'id' | 'ends' | 'tail'> = log): Promise<void> {
  view = await openDecisionView({ path: pathOfView(), log: over });
}

/** The last character chooses the partition. */
function recordOf(uploadId: string): NewRecord {
  const value = Buffer.from(JSON.stringify(decisionOf('allow', { uploadId })));
  return { topic: 'decisions', key: uploadId, value, headers: {} };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-view-'));
  log = new MemoryLog(new MemoryDisk(3));
  await open();
});

afterEach(async () => {
  await view.close();
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

it('has the decisions of all partitions, in one growing order that subscribers and pages share', async () => {
  const heard: number[] = [];
  view.subscribe(({ sequence }) => heard.push(sequence));
  for (const names of [['a0', 'a1', 'b1'], ['a2'], ['b0', 'c1', 'b2']]) {
    await log.append(names.map(recordOf));
    await view.caughtUp();
  }
  expect(view.counts().allow).toBe(7);
  expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
  expect(view.after(-1, 10).map(({ sequence }) => sequence)).toEqual(heard);
  const newest = view.list({}, { limit: 10 }).items.map(({ decision }) => decision.uploadId);
  expect(newest.filter((name) => name.endsWith('1'))).toEqual(['c1', 'b1', 'a1']);
});

it('goes on in each partition where it was, and takes nothing twice', async () => {
  await log.append(['a0', 'a1', 'b1'].map(recordOf));
  await view.caughtUp();
  await view.close();
  await log.append(['a2', 'c1'].map(recordOf));
  const asked: TailOptions[] = [];
  await open({
    id: log.id,
    ends: (topic) => log.ends(topic),
    tail: (options) => {
      asked.push(options);
      return log.tail(options);
    },
  });
  const heard: string[] = [];
  view.subscribe(({ decision }) => heard.push(decision.uploadId));
  await view.caughtUp();
  expect(asked[0]?.from).toEqual([
    { partition: 0, offset: 1 },
    { partition: 1, offset: 2 },
    { partition: 2, offset: 0 },
  ]);
  expect(heard.sort()).toEqual(['a2', 'c1']);
  expect(view.counts().allow).toBe(5);
});

it('is caught up with one partition when that one is asked for', async () => {
  await log.append(['a1', 'b1'].map(recordOf));
  await view.caughtUp(1);
  expect(view.find('b1')).toBeDefined();
});

it('starts over when it is ahead of its log in one partition', async () => {
  await log.append(['a0', 'a1', 'b1'].map(recordOf));
  await view.caughtUp();
  await view.close();
  log.disk.records.set('decisions', log.disk.of('decisions').slice(0, 2));
  log.disk.ends.set('decisions', [1, 1, 0]);
  await open();
  await view.caughtUp();
  expect(view.find('b1')).toBeUndefined();
  expect(view.counts().allow).toBe(2);
});

it('begins an empty view where a long topic has no more left than the view would keep', async () => {
  await view.close();
  const share = limits.viewDecisionsMax / 4;
  const ends: PartitionEnd[] = [
    { partition: 0, startOffset: 0, endOffset: 50 },
    { partition: 1, startOffset: 7, endOffset: 9 },
    { partition: 2, startOffset: 0, endOffset: 10 * share },
    { partition: 3, startOffset: 9 * share + 5, endOffset: 10 * share },
  ];
  let from: TailOptions['from'] = [];
  await open({
    id: 'a long log',
    ends: async () => ends,
    tail: async (options) => {
      from = options.from;
      return { caughtUp: async () => {}, close: async () => {} };
    },
  });
  expect(from.map(({ offset }) => offset)).toEqual([0, 7, 9 * share, 9 * share + 5]);
});
