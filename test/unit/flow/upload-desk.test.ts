import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../src/contracts/decision.ts';
import { UploadDesk } from '../../../src/flow/upload-desk.ts';
import type { Log, NewRecord } from '../../../src/log/log.ts';
import type { DecisionView, StoredDecision } from '../../../src/views/views.ts';

const event = { uploadId: 'u1', content: { uri: 'https://a.example/v.mp4' }, uploadedAt: '2026-11-22T10:00:00Z' };

function deskWith(options: { backlog?: number; made?: Decision[] } = {}) {
  const appended: NewRecord[] = [];
  const listeners = new Set<(stored: StoredDecision) => void>();
  const made = options.made ?? [];
  const log = {
    append: async (records: readonly NewRecord[]) => {
      appended.push(...records);
      return [{ partition: 0, offset: appended.length - 1 }];
    },
  } as Pick<Log, 'append'> as Log;
  const decisions = {
    subscribe: (listener: (stored: StoredDecision) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ledger: (uploadId: string, eventId: string) => ({
      lastRevision: made.filter((each) => each.uploadId === uploadId).length,
      eventDecided: made.some((each) => each.uploadId === uploadId && each.eventId === eventId),
    }),
    find: (uploadId: string, revision: number) =>
      made.find((each) => each.uploadId === uploadId && each.revision === revision),
  } as Partial<DecisionView> as DecisionView;
  const desk = new UploadDesk({
    log,
    decisions,
    backlogUploads: () => options.backlog ?? 0,
    backlogUploadsMax: 10,
    nowMs: () => Date.parse('2026-11-22T10:00:01Z'),
  });
  const publish = (decision: Decision) => {
    for (const listener of [...listeners]) listener({ sequence: 0, decision });
  };
  return { desk, appended, publish, listeners };
}

const decisionOf = (eventId: string, revision: number) => ({ uploadId: 'u1', eventId, revision }) as Decision;
const never = new AbortController().signal;

describe('UploadDesk', () => {
  it('appends the event keyed by its upload, with its id', async () => {
    const { desk, appended } = deskWith();
    const submitted = await desk.submit(event, { eventId: 'e1' });
    expect(submitted).toEqual({ uploadId: 'u1', eventId: 'e1', position: { partition: 0, offset: 0 } });
    expect(appended[0]).toMatchObject({ topic: 'uploads', key: 'u1', headers: { ce_id: 'e1', ce_subject: 'u1' } });
  });

  it('makes an event id when there is none', async () => {
    const { desk } = deskWith();
    const [first, second] = [await desk.submit(event, {}), await desk.submit(event, {})];
    expect(first.eventId).not.toBe(second.eventId);
  });

  it('refuses when the backlog is full, before anything is written', async () => {
    const { desk, appended } = deskWith({ backlog: 10 });
    await expect(desk.submit(event, {})).rejects.toMatchObject({ code: 'overloaded' });
    expect(appended).toEqual([]);
  });

  it('waits for the decision of the very event', async () => {
    const { desk, publish, listeners } = deskWith();
    const waiting = desk.waitForDecision('u1', 'e2', 1_000, never);
    publish(decisionOf('e1', 1));
    publish(decisionOf('e2', 2));
    expect(await waiting).toMatchObject({ eventId: 'e2' });
    expect(listeners.size).toBe(0);
  });

  it('finds a decision that was made before, also an earlier revision', async () => {
    const { desk } = deskWith({ made: [decisionOf('e1', 1), decisionOf('e2', 2)] });
    expect(await desk.waitForDecision('u1', 'e1', 1_000, never)).toMatchObject({ revision: 1 });
  });

  it('gives up in time, and when its caller goes away', async () => {
    const { desk, listeners } = deskWith();
    expect(await desk.waitForDecision('u1', 'e1', 5, never)).toBeUndefined();
    expect(await desk.waitForDecision('u1', 'e1', 10_000, AbortSignal.abort())).toBeUndefined();
    expect(listeners.size).toBe(0);
  });
});
