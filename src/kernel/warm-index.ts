/**
 * V8 optimises the kernel after a few calls and the code around it after some hundred; the first real searches should not
 * take three times as long. Instances share their code, so once a process is enough, on an index that is thrown away.
 */
import { limits } from '../config/limits.ts';
import { buildSegment } from './build-segment.ts';
import { createIndexStore } from './index-store.ts';
import { openSegment } from './segment.ts';

const warmUpCalls = 500;
const warmUpHashes = 1024;
let warm = false;

export function warmIndex(): void {
  if (warm) return;
  warm = true;
  const store = createIndexStore('release', warmUpHashes);
  const hash = new Uint8Array(limits.hashBytes);
  for (let number = 0; number < warmUpHashes; number++) {
    hash.forEach((_, at) => {
      hash[at] = (number * 37 + at * 101 + (number >> 3) * at) & 0xff;
    });
    store.insert(hash);
  }
  const { memory, calls } = store;
  const captured = store.capture(0, warmUpHashes);
  const order = { memory, blocksAddress: calls.blocksAddress() >>> 0 };
  const { segment } = buildSegment({ build: 'release', store: order, captured, replaced: [], firstSlot: 0 });
  const segments = segment === undefined ? [] : [openSegment('release', segment)];
  for (let call = 0; call < warmUpCalls; call++) {
    for (const queries of [hash, new Uint8Array(8 * limits.hashBytes)]) {
      for (const radiusBits of [31, 64]) store.search(queries, radiusBits, limits.hitsPerSearchMax, segments);
    }
  }
}
