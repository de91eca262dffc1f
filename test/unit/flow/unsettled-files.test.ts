import { describe, expect, it } from 'vitest';
import { unsettledFiles } from '../../../src/flow/unsettled-files.ts';
import type { Log } from '../../../src/log/log.ts';
import { MemoryLog } from '../../support/memory-log.ts';
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
    expect(await unsettledFiles(log, 1)).toEqual(new Set(['file:///spool/one', 'file:///spool/two']));
  });

  it('reads a long backlog to its end, page by page', async () => {
    const log = new MemoryLog();
    await log.append(Array.from({ length: 1_203 }, (_, at) => named(`file:///spool/${at}`)));
    const files = await unsettledFiles(log, 0);
    expect(files.size).toBe(1_203);
    expect(files).toContain('file:///spool/1202');
  });

  it('ends when retention has taken what is left to read', async () => {
    const log: Pick<Log, 'read' | 'end'> = {
      read: async () => [],
      end: async () => ({ startOffset: 9, endOffset: 9 }),
    };
    expect(await unsettledFiles(log, 3)).toEqual(new Set());
  });
});
