/** Searches that find the closest when there is more than may be reported. */
import { limits } from '../config/limits.ts';
import type { HammingIndex, Hits } from '../kernel/hamming-index.ts';

/** When there are more hits than may be reported, a narrower radius finds the closest of them. */
export function searchClosest(
  search: (radiusBits: number, hitsMax: number) => Hits,
  radiusBits: number,
): { readonly hits: Hits; readonly narrowed: boolean } {
  let hits = search(radiusBits, limits.hitsPerSearchMax);
  let narrowed = false;
  for (let radius = radiusBits; hits.capped && radius > 0; ) {
    radius >>= 1;
    narrowed = true;
    hits = search(radius, limits.hitsPerSearchMax);
  }
  return { hits, narrowed: narrowed || hits.capped };
}

/** Places of hits, the closest first, those of one distance in their order. */
export function byDistance({ count, distanceBits }: Pick<Hits, 'count' | 'distanceBits'>): Uint32Array {
  const starts = new Uint32Array(limits.radiusBitsMax + 2);
  for (let hit = 0; hit < count; hit++) {
    const after = (distanceBits[hit] ?? 0) + 1;
    starts[after] = (starts[after] ?? 0) + 1;
  }
  for (let bits = 1; bits < starts.length; bits++) starts[bits] = (starts[bits] ?? 0) + (starts[bits - 1] ?? 0);
  const order = new Uint32Array(count);
  for (let hit = 0; hit < count; hit++) {
    const bits = distanceBits[hit] ?? 0;
    const place = starts[bits] ?? 0;
    order[place] = hit;
    starts[bits] = place + 1;
  }
  return order;
}

/** The radius at which an index answers quickly: a large one is not scanned. */
export function affordableRadius(
  index: Pick<HammingIndex, 'size'>,
  radiusBits: number,
  hotHashesMax: number = limits.hotHashesMax,
): number {
  return index.size <= hotHashesMax ? radiusBits : Math.min(radiusBits, limits.segmentRadiusBitsMax);
}
