/**
 * Which chunks of a code must be near those of the query, and how near: what makes the segments exact.
 *
 * Two codes within radius r differ in at most r bits over 16 chunks, so in some chunk they differ in few. That alone
 * (the pigeonhole principle) leaves 41,000 candidates a query among ten million codes at r = 31. Put the chunks in a
 * ring, and more is true: there is a chunk from which on *every* run is near, the chunk itself, it and the next, it and
 * the next two, and so on. The first two runs leave 100 candidates of the 41,000.
 *
 *      reach[c]   bits in which chunk c may differ:  1 everywhere at r = 31;  0 or 1 below;  -1: chunk c starts no run
 *      run of 2:  chunk c and the next together may differ in  reach[c] + reach[c + 1] + 1  bits,  3 at r = 31
 *      sum of reach = r - 15
 *
 * A code whose runs are near from several chunks would be found several times. It counts at the first of them, so there
 * is no list of what was found before.
 *
 * Source: Qin and Xiao, Pigeonring: a principle for faster thresholded similarity search (2018), integer reduction.
 */
import { chainReach, chainReachOfTwo, chunks } from '../memory-layout';

let preparedRadius: u32 = u32.MAX_VALUE;

/** `radius` is 0 to 31. */
export function startChain(radius: u32): void {
  if (radius === preparedRadius) return;
  preparedRadius = radius;
  for (let chunk: u32 = 0; chunk < chunks; chunk++) store<i16>(chainReach + <usize>(2 * chunk), reachAt(chunk, radius));
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    const ofTwo = reachOf(chunk) + reachOf((chunk + 1) % chunks) + 1;
    store<i16>(chainReachOfTwo + <usize>(2 * chunk), <i16>ofTwo);
  }
}

function reachAt(chunk: u32, radius: u32): i16 {
  if (radius >= chunks) return chunk < radius + 1 - chunks ? 1 : 0;
  return chunk < radius + 1 ? 0 : -1;
}

/** Bits in which the chunk may differ where a run starts; -1 when none starts there. */
export function reachOf(chunk: u32): i32 {
  return <i32>load<i16>(chainReach + <usize>(2 * chunk));
}

/** Bits in which the chunk and the next may differ together where a run starts. */
export function reachOfTwo(chunk: u32): i32 {
  return <i32>load<i16>(chainReachOfTwo + <usize>(2 * chunk));
}

/** The first chunk at which a run of two starts, for two codes within the radius: there is one. */
export function firstRun(a: usize, b: usize): i32 {
  const left = bitsOfChunks(v128.xor(v128.load(a), v128.load(b)));
  const right = bitsOfChunks(v128.xor(v128.load(a, 16), v128.load(b, 16)));
  const runs =
    runsOf(left, right, chainReach, chainReachOfTwo) |
    (runsOf(right, left, chainReach + 16, chainReachOfTwo + 16) << 8);
  return ctz<i32>(runs);
}

/** Ones of each 16-bit chunk. */
function bitsOfChunks(difference: v128): v128 {
  return i16x8.extadd_pairwise_i8x16_u(i8x16.popcnt(difference));
}

/** A bit for each of eight chunks at which a run of two starts; `after` holds the eight that follow. */
function runsOf(bits: v128, after: v128, reach: usize, reachTwo: usize): i32 {
  const next = v128.shuffle<i16>(bits, after, 1, 2, 3, 4, 5, 6, 7, 8);
  const near = i16x8.le_s(bits, v128.load(reach));
  const nearOfTwo = i16x8.le_s(i16x8.add(bits, next), v128.load(reachTwo));
  return i16x8.bitmask(v128.and(near, nearOfTwo));
}
