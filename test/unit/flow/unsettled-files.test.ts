import { describe, expect, it } from 'vitest';
import { unsettledFiles } from '../../../src/flow/unsettled-files.ts';
import type { Log } from '../../../src/log/log.ts';
import { MemoryDisk, MemoryLog } from '../../support/memory-log.ts';
import { uploadEvent, uploadRecord } from '../../support/pipeline-rig.ts';

const named = (uri: string) => uploadRecord(uploadEvent({ content: { uri } }), uri);

describe('unsettledFiles', () => {
  it('names the files of uploads from an offset on; what is no upload, or has no file, names none', async () => {
    const log = new MemoryLog();
    await log.append([
      named('file:///spool/settled'),
      named('file:///spool/one'),
      uploadRecord(uploadEvent({ content: { inline: 'AAAA' } }), 'inline'),
      { topic: 'uploads', key: 'k', value: Buffer.from('{"uploadId":'), headers: {} },
      { topic: 'uploads', key: 'k', value: null, headers: {} },
      named('file:///spool/two'),
    ]);
    expect(await unsettledFiles(log, [{ partition: 0, offset: 1 }])).toEqual(
      new Set(['file:///spool/one', 'file:///spool/two']),
    );
  });

  it('reads a long backlog to its end, page by page', async () => {
    const log = new MemoryLog();
    await log.append(Array.from({ length: 1_203 }, (_, at) => named(`file:///spool/${at}`)));
    const files = await unsettledFiles(log, []);
    expect(files.size).toBe(1_203);
    expect(files).toContain('file:///spool/1202');
  });

  it('names those of every partition, each from its own position on', async () => {
    const log = new MemoryLog(new MemoryDisk(3));
    const upload = (uploadId: string) =>
      uploadRecord(uploadEvent({ uploadId, content: { uri: `file:///spool/${uploadId}` } }), uploadId);
    await log.append(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c1'].map(upload));
    const files = await unsettledFiles(log, [
      { partition: 0, offset: 1 },
      { partition: 1, offset: 2 },
    ]);
    // Of the third nothing is known, so all of it may be needed.
    expect([...files].sort()).toEqual(['a2', 'b0', 'b2', 'c1'].map((name) => `file:///spool/${name}`));
  });

  it('ends when retention has taken what is left to read', async () => {
    const log: Pick<Log, 'read' | 'ends'> = {
      read: async () => [],
      ends: async () => [{ partition: 0, startOffset: 8, endOffset: 9 }],
    };
    expect(await unsettledFiles(log, [{ partition: 0, offset: 3 }])).toEqual(new Set());
  });
});
