/** The spooled files that uploads without a decision still need: all others in the spool are leftovers. */
import { admit } from '../admit/admit.ts';
import type { Log } from '../log/log.ts';

const pageRecords = 500;

/** URIs named by upload events from `fromOffset` on, settled ones among them included: a file too many does no harm. */
export async function unsettledFiles(log: Pick<Log, 'read' | 'end'>, fromOffset: number): Promise<Set<string>> {
  const uris = new Set<string>();
  const { endOffset } = await log.end('uploads');
  for (let next = fromOffset; next < endOffset; ) {
    const records = await log.read('uploads', next, pageRecords);
    const last = records.at(-1);
    if (last === undefined) break;
    for (const record of records) {
      const admitted = admit(record);
      if (admitted.kind === 'upload' && 'uri' in admitted.event.content) uris.add(admitted.event.content.uri);
    }
    next = last.offset + 1;
  }
  return uris;
}
