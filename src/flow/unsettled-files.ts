/** The spooled files that uploads without a decision still need: all others in the spool are leftovers. */
import { admit } from '../admit/admit.ts';
import type { Log, Position } from '../log/log.ts';

const pageRecords = 500;

/** URIs named by upload events from each position on, settled ones among them included: a file too many does no harm. */
export async function unsettledFiles(log: Pick<Log, 'read' | 'ends'>, from: readonly Position[]): Promise<Set<string>> {
  const uris = new Set<string>();
  const resumes = new Map(from.map(({ partition, offset }) => [partition, offset]));
  for (const { partition, startOffset, endOffset } of await log.ends('uploads')) {
    for (let offset = Math.max(resumes.get(partition) ?? 0, startOffset); offset < endOffset; ) {
      const records = await log.read('uploads', { partition, offset }, pageRecords);
      const last = records.at(-1);
      if (last === undefined) break;
      for (const record of records) {
        const admitted = admit(record);
        if (admitted.kind === 'upload' && 'uri' in admitted.event.content) uris.add(admitted.event.content.uri);
      }
      offset = last.offset + 1;
    }
  }
  return uris;
}
