import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../../src/contracts/decision.ts';
import type { FloodgateError } from '../../../src/errors.ts';
import type { NewRecord } from '../../../src/log/log.ts';
import { type OpenDecisionView, openDecisionView } from '../../../src/views/decision-view.ts';
import type { StoredDecision } from '../../../src/views/views.ts';
import { decisionOf, matchOf } from '../../support/decisions.ts';
import { MemoryDisk, MemoryLog } from '../../support/memory-log.ts';

let folder: string;
let log: MemoryLog;
let view: OpenDecisionView;
let unreadable: number[];
let failures: FloodgateError[];

const pathOfView = () => join(folder, 'views', 'decisions.sqlite');

async function openView(retention = {}): Promise<OpenDecisionView> {
  const onUnreadable = (offset: number) => unreadable.push(offset);
  const onFailure = (error: FloodgateError) => failures.push(error);
  view = await openDecisionView({ path: pathOfView(), log, retention, onUnreadable, onFailure });
  await view.caughtUp();
  return view;
}

function recordOf(decision: Decision): NewRecord {
  return { topic: 'decisions', key: decision.uploadId, value: Buffer.from(JSON.stringify(decision)), headers: {} };
}

async function publish(...decisions: readonly Decision[]): Promise<void> {
  await log.append(decisions.map(recordOf));
  await view.caughtUp();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-view-'));
  unreadable = [];
  failures = [];
  log = new MemoryLog();
  await openView();
});

afterEach(async () => {
  await view.close();
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

describe('finding one decision', () => {
  it('gives the highest revision, or the one asked for', async () => {
    const [first, second] = [decisionOf('allow'), decisionOf('block', { revision: 2, eventId: 'event-2' })];
    await publish(second, first);
    expect(view.find('upload-1')).toEqual(second);
    expect(view.find('upload-1', 1)).toEqual(first);
    expect(view.find('upload-1', 3)).toBeUndefined();
    expect(view.find('upload-2')).toBeUndefined();
  });

  it('knows which events of an upload were decided', async () => {
    await publish(decisionOf('allow'), decisionOf('block', { revision: 4, eventId: 'event-4' }));
    expect(view.ledger('upload-1', 'event-1')).toEqual({ lastRevision: 4, eventDecided: true });
    expect(view.ledger('upload-1', 'event-9')).toEqual({ lastRevision: 4, eventDecided: false });
    expect(view.ledger('upload-2', 'event-1')).toEqual({ lastRevision: 0, eventDecided: false });
  });
});

describe('listing decisions', () => {
  const decisions = [
    decisionOf('allow', { uploadId: 'a', decidedAt: '2026-11-22T10:00:00Z' }),
    decisionOf('block', { uploadId: 'b', matches: [matchOf({ bank: 'red', contentId: 'x' }), matchOf()] }),
    decisionOf('review', { uploadId: 'c', matches: [matchOf({ bank: 'blue', contentId: 'x' })] }),
    decisionOf('allow', { uploadId: 'd', reason: 'undecodable', decidedAt: '2026-11-23T11:00:00+01:00' }),
  ];
  const uploads = (filter: Parameters<OpenDecisionView['list']>[0]) =>
    view.list(filter, { limit: 10 }).items.map(({ decision }) => decision.uploadId);

  it('gives pages from the newest on', async () => {
    await publish(...decisions);
    const first = view.list({}, { limit: 3 });
    expect(first.items.map((item) => item.decision.uploadId)).toEqual(['d', 'c', 'b']);
    if (first.nextCursor === null) throw new Error('there is a next page');
    const second = view.list({}, { limit: 3, before: first.nextCursor });
    expect(second.items.map((item) => item.decision.uploadId)).toEqual(['a']);
    expect(second.nextCursor).toBeNull();
  });

  it('has no next page when the last one is full', async () => {
    await publish(...decisions);
    expect(view.list({}, { limit: 4 }).nextCursor).toBeNull();
  });

  it.each([
    ['outcome', { outcome: 'allow' }, ['d', 'a']],
    ['reason', { reason: 'undecodable' }, ['d']],
    ['bank', { bank: 'red' }, ['b']],
    ['content', { contentId: 'x' }, ['c', 'b']],
    ['bank and content of one match', { contentId: 'incident-42/video-1', bank: 'red' }, []],
    ['content and outcome', { contentId: 'x', outcome: 'block' }, ['b']],
    ['time', { since: '2026-11-23T10:00:00Z' }, ['d']],
    ['nothing that is there', { bank: 'green' }, []],
  ] as const)('filters by %s', async (_name, filter, expected) => {
    await publish(...decisions);
    expect(uploads(filter)).toEqual(expected);
  });

  it('pages through what a content matched', async () => {
    await publish(...decisions);
    const first = view.list({ contentId: 'x' }, { limit: 1 });
    expect(first.items[0]?.decision.uploadId).toBe('c');
    const second = view.list({ contentId: 'x' }, { limit: 1, before: first.nextCursor ?? -1 });
    expect(second.items[0]?.decision.uploadId).toBe('b');
    expect(second.nextCursor).toBeNull();
  });

  it('resumes after a sequence, oldest first', async () => {
    await publish(...decisions);
    expect(view.after(0, 2).map((item) => [item.sequence, item.decision.uploadId])).toEqual([
      [1, 'b'],
      [2, 'c'],
    ]);
    expect(view.after(3, 10)).toEqual([]);
  });
});

describe('following the log', () => {
  it('tells subscribers each decision once it can be found, in order', async () => {
    const seen: [number, boolean][] = [];
    const listener = ({ sequence, decision }: StoredDecision) =>
      seen.push([sequence, view.find(decision.uploadId) !== undefined]);
    const stop = view.subscribe(listener);
    await publish(decisionOf('allow', { uploadId: 'a' }), decisionOf('allow', { uploadId: 'b' }));
    stop();
    await publish(decisionOf('allow', { uploadId: 'c' }));
    expect(seen).toEqual([
      [0, true],
      [1, true],
    ]);
  });

  it('goes on when a subscriber throws', async () => {
    view.subscribe(() => {
      throw new Error('the client is gone');
    });
    const seen: number[] = [];
    view.subscribe(({ sequence }) => seen.push(sequence));
    await publish(decisionOf('allow'));
    expect(seen).toEqual([0]);
    expect(failures.map((error) => error.message)).toEqual(['the client is gone']);
  });

  it('counts outcomes', async () => {
    await publish(decisionOf('allow'), decisionOf('block', { uploadId: 'b' }), decisionOf('block', { uploadId: 'c' }));
    expect(view.counts()).toEqual({ block: 2, review: 0, allow: 1 });
  });

  it('counts and leaves out what is not a decision', async () => {
    const values = ['{', '[]', 'null', JSON.stringify({ ...decisionOf('allow'), outcome: 'maybe' })].map((text) =>
      Buffer.from(text),
    );
    const late = JSON.stringify({ ...decisionOf('allow'), decidedAt: 'yesterday' });
    const broken = [...values, Buffer.from(late), Buffer.from([0xff, 0xfe]), null];
    await log.append(broken.map((value) => ({ topic: 'decisions', key: 'k', value, headers: {} })));
    await publish(decisionOf('allow'));
    expect(unreadable).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(view.unreadable()).toBe(7);
    expect(view.counts()).toEqual({ block: 0, review: 0, allow: 1 });
  });

  it('takes a decision of a later release, with fields it does not know', async () => {
    const decision = { ...decisionOf('allow'), newField: { nested: true } };
    await publish(decision);
    expect(view.find('upload-1')).toEqual(decision);
  });

  it('keeps as many as it may, the newest', async () => {
    await view.close();
    await openView({ decisionsMax: 2, ageMsMax: Number.MAX_SAFE_INTEGER });
    await publish(...['a', 'b', 'c', 'd'].map((uploadId) => decisionOf('allow', { uploadId })));
    await expect.poll(() => view.counts().allow, { timeout: 4_000 }).toBe(2);
    expect(view.after(-1, 10).map((item) => item.decision.uploadId)).toEqual(['c', 'd']);
    expect(view.list({ contentId: 'incident-42/video-1' }, { limit: 5 }).items).toEqual([]);
  });

  it('drops what is past its age', async () => {
    await view.close();
    await openView({ ageMsMax: 3_600_000 });
    const now = new Date().toISOString();
    await publish(decisionOf('block', { uploadId: 'old', decidedAt: '2020-01-01T00:00:00Z' }));
    await publish(decisionOf('block', { uploadId: 'new', decidedAt: now }));
    await expect.poll(() => view.counts().block, { timeout: 4_000 }).toBe(1);
    expect(view.find('old')).toBeUndefined();
    expect(view.find('new')).toBeDefined();
  });
});

describe('opening again', () => {
  it('goes on where it was', async () => {
    await publish(decisionOf('allow', { uploadId: 'a' }));
    await view.close();
    await log.append([recordOf(decisionOf('block', { uploadId: 'b' }))]);
    const seen: string[] = [];

    view = await openDecisionView({ path: pathOfView(), log });
    view.subscribe(({ decision }) => seen.push(decision.uploadId));
    await view.caughtUp();
    expect(seen).toEqual(['b']);
    expect(view.counts()).toEqual({ block: 1, review: 0, allow: 1 });
  });

  it('starts over on another log', async () => {
    await publish(decisionOf('allow', { uploadId: 'a' }));
    await view.close();
    log = new MemoryLog(new MemoryDisk());
    await openView();
    expect(view.counts()).toEqual({ block: 0, review: 0, allow: 0 });
  });

  it('starts over when it is ahead of its log', async () => {
    await publish(decisionOf('allow', { uploadId: 'a' }));
    await view.close();
    log.disk.records.set('decisions', []);
    log.disk.ends.set('decisions', [0]);
    await openView();
    expect(view.find('a')).toBeUndefined();
  });

  it.each(['no database at all', `SQLite format 3\u0000${'x'.repeat(5_000)}`])(
    'is rebuilt when the file is %#',
    async (junk) => {
      await publish(decisionOf('allow', { uploadId: 'a' }));
      await view.close();
      await rm(`${pathOfView()}-wal`, { force: true });
      await writeFile(pathOfView(), junk);
      await openView();
      expect(view.find('a')).toBeDefined();
      expect(view.counts().allow).toBe(1);
    },
  );
});
