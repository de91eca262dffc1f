/** Lists of hits, put together. */
import type { Hits } from './hamming-index.ts';

export const noHits: Hits = {
  count: 0,
  capped: false,
  query: new Uint32Array(0),
  slot: new Uint32Array(0),
  distanceBits: new Uint16Array(0),
};

/** As one list; of one part nothing is copied. The queries of each part count on from `queriesEach` for every part before it. */
export function joinHits(parts: readonly Hits[], queriesEach = 0): Hits {
  const [first = noHits] = parts;
  if (parts.length <= 1) return first;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const query = new Uint32Array(count);
  const slot = new Uint32Array(count);
  const distanceBits = new Uint16Array(count);
  let at = 0;
  parts.forEach((part, place) => {
    query.set(queriesEach === 0 ? part.query : part.query.map((each) => each + place * queriesEach), at);
    slot.set(part.slot, at);
    distanceBits.set(part.distanceBits, at);
    at += part.count;
  });
  return { count, capped: parts.some(({ capped }) => capped), query, slot, distanceBits };
}
