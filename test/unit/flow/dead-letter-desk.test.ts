/** Goal: dead letters of all partitions are found in the order of time, and each event is replayed once. */
import { describe, expect, it } from 'vitest';
import { deadLetterRecord } from '../../../src/admit/dead-letters.ts';
import { limits } from '../../../src/config/limits.ts';
import type { DeadLetterCode } from '../../../src/contracts/dead-letter.ts';
import { newestFirst } from '../../../src/flow/newest-first.ts';
import { deskOn } from '../../support/http-fakes.ts';
import { codeOf } from '../../support/log-records.ts';
import { MemoryDisk, MemoryLog } from '../../support/memory-log.ts';

/** Keys end with the partition that the log in memory puts them in. */
function rig({ partitions = 2, backlog = 0 } = {}) {
  let nowMs = 0;
  const disk = new MemoryDisk(partitions);
  const log = new MemoryLog(disk, () => ++nowMs);
  const bury = async (
    key: string,
    code: DeadLetterCode = 'invalid_json',
    more: { origin?: string; bytes?: number } = {},
  ) => {
    const headers = { ce_id: key, ...(more.origin === undefined ? {} : { 'x-floodgate-origin': more.origin }) };
    const record = {
      topic: 'uploads' as const,
      key,
      value: Buffer.alloc(more.bytes ?? 3, '{'),
      headers,
      partition: 0,
      offset: nowMs,
      timestampMs: 0,
    };
    await log.append([deadLetterRecord(record, { code, detail: '', at: '2026-11-22T10:00:00Z', appVersion: '1' })]);
  };
  return { log, disk, bury, desk: deskOn(log, backlog), uploads: () => disk.of('uploads').map(({ key }) => key) };
}

describe('the list', () => {
  it('has all partitions in the order of time, page by page', async () => {
    const { bury, desk } = rig();
    const keys = Array.from({ length: 90 }, (_, place) => `k${place}-${place % 3 === 0 ? 1 : 0}`);
    for (const key of keys) await bury(key);
    const listed: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await desk.list({}, { limit: 7, ...(cursor === '' ? {} : { cursor }) });
      listed.push(...page.items.map(({ key }) => key));
      cursor = page.nextCursor;
    }
    expect(listed).toEqual(keys.reverse());
  });

  it('keeps its place though newer ones come, and older ones go', async () => {
    const { bury, desk, disk } = rig({ partitions: 1 });
    for (const key of ['a', 'b', 'c', 'd']) await bury(key);
    const first = await desk.list({}, { limit: 2 });
    await bury('e');
    disk.records.set('dead-letters', disk.of('dead-letters').slice(1));
    const second = await desk.list({}, { limit: 9, cursor: first.nextCursor ?? '' });
    expect([...first.items, ...second.items].map(({ key }) => key)).toEqual(['d', 'c', 'b']);
    expect(second.nextCursor).toBeNull();
  });

  it('passes over gaps in the offsets that are wider than what is read at once', async () => {
    const { bury, desk, disk } = rig({ partitions: 1 });
    await bury('a');
    disk.ends.set('dead-letters', [limits.deadLettersReadMax * 3]);
    await bury('b');
    expect((await desk.list({}, { limit: 9 })).items.map(({ id }) => id)).toEqual([
      `0-${limits.deadLettersReadMax * 3}`,
      '0-0',
    ]);
  });

  it('leaves out other codes and what is no dead letter', async () => {
    const { bury, desk, log } = rig();
    await bury('a0', 'invalid_event');
    await bury('b1', 'invalid_json');
    await log.append([{ topic: 'dead-letters', key: 'c0', value: null, headers: {} }]);
    const page = await desk.list({ code: 'invalid_event' }, { limit: 9 });
    expect(page.items).toMatchObject([{ key: 'a0', valueBytes: 3, facts: { code: 'invalid_event', attempt: 1 } }]);
    expect(page.nextCursor).toBeNull();
  });

  it('refuses a cursor that is none', async () => {
    const { log } = rig();
    expect(await codeOf(newestFirst(log, 'dead-letters', '0-x'))).toBe('invalid_request');
    expect(await codeOf(newestFirst(log, 'dead-letters', '0'))).toBe('invalid_request');
  });
});

describe('one dead letter', () => {
  it('is shown whole, as text or, where it is not text, in base64', async () => {
    const { bury, desk, log } = rig({ partitions: 1 });
    await bury('a');
    expect(await desk.get('0-0')).toMatchObject({
      id: '0-0',
      headers: { ce_id: 'a' },
      value: '{{{',
      valueEncoding: 'text',
    });
    const headers = { 'x-dlq-code': 'invalid_json' };
    await log.append([{ topic: 'dead-letters', key: 'b', value: Buffer.from([0xff, 0xfe]), headers }]);
    expect(await desk.get('0-1')).toMatchObject({ value: '//4=', valueEncoding: 'base64' });
    await log.append([{ topic: 'dead-letters', key: 'c', value: null, headers }]);
    expect(await desk.get('0-2')).toMatchObject({ value: null, valueBytes: 0 });
  });

  it.each(['0-1', '1-0', '7-0'])('%s that is not there is not found', async (id) => {
    const { bury, desk } = rig({ partitions: 1 });
    await bury('a');
    expect(await codeOf(desk.get(id))).toBe('not_found');
  });
});

describe('a replay', () => {
  it('appends the event as it was, or corrected, as one attempt more', async () => {
    const { bury, desk, disk } = rig({ partitions: 1 });
    await bury('a');
    expect(await desk.replay('0-0')).toEqual({ id: '0-0', attempt: 2, position: { partition: 0, offset: 0 } });
    await desk.replay('0-0', Buffer.from('{}'));
    expect(disk.of('uploads').map(({ value }) => Buffer.from(value ?? []).toString())).toEqual(['{{{', '{}']);
    expect(disk.of('uploads')[0]?.headers).toEqual({
      ce_id: 'a',
      'x-floodgate-attempt': '2',
      'x-floodgate-origin': expect.stringMatching(/^uploads\/0\/\d+$/),
    });
  });

  it('of what was cut needs a corrected value, and one that fits', async () => {
    const { bury, desk } = rig({ partitions: 1 });
    await bury('a', 'record_too_large', { bytes: limits.recordBytesMax + 1 });
    expect(await codeOf(desk.replay('0-0'))).toBe('conflict');
    expect(await codeOf(desk.replay('0-0', Buffer.alloc(limits.recordBytesMax + 1)))).toBe('payload_too_large');
    expect(await codeOf(desk.replay('0-0', Buffer.from('{}')))).toBe('resolved');
  });

  it('of all takes each event once, by its newest dead letter, in the order of time', async () => {
    const { bury, desk, uploads } = rig();
    await bury('a0');
    await bury('b1');
    // The event of a0 once more, and b1's with another code: it is not among them any longer.
    await bury('a0', 'invalid_json', { origin: 'uploads/0/0' });
    await bury('b1', 'invalid_event', { origin: 'uploads/0/1' });
    await bury('c1');
    await bury('d0', 'record_too_large', { bytes: limits.recordBytesMax + 1 });
    expect(await codeOf(desk.replayAll('invalid_json', 4))).toBe('conflict');
    expect(uploads()).toEqual([]);
    expect(await desk.replayAll('invalid_json', 2)).toEqual({ replayed: 2 });
    expect(uploads()).toEqual(['a0', 'c1']);
    expect(await desk.replayAll('record_too_large', 0)).toEqual({ replayed: 0 });
  });

  it('waits while too many uploads do', async () => {
    const { bury, desk, uploads } = rig({ partitions: 1, backlog: 10 });
    await bury('a');
    expect(await codeOf(desk.replay('0-0'))).toBe('overloaded');
    expect(uploads()).toEqual([]);
  });
});
