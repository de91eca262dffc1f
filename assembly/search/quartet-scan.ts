/**
 * The scan of quartets: four forms of one picture, and their negatives, in one pass.
 *
 * A quartet is a hash and what it becomes when the picture is turned over: upside down, left to right, and both. Turning
 * negates odd frequencies along an axis, and a bit says on which side of the median its frequency lies. The median is next
 * to zero, so that of the four the bits of a class, by the parity of row and column, are all the same or all the opposite,
 * but for a few whose frequency lies between the medians (6 of 256 in most pictures, 14 in one of ten):
 *
 *      class   row (from the last), column    bits that are the opposite
 *      A       even, even                     upside down    C D
 *      B       even, odd                      left to right  A C
 *      C       odd, even                      both           A D
 *      D       odd, odd
 *
 * So what differs is counted once in each class, bit-sliced (scan.ts), and a form is a sum of four counts or of what they
 * lack of 48. A negative is the complement: what is too far from it is near. The eight forms of a picture are two quartets,
 * for one that is turned by a quarter has its bits transposed. At radius 90 a code and form takes 1.1 ns where ten are asked
 * for and 2.0 where two are, and hash by hash 2.5. (A shared AMD EPYC, Node 20; 8,192 codes, median of 41 calls.)
 *
 * Counts are of the first 192 bits of the picture that the four agree on, so they sieve: a form's bound allows for the bits
 * left out and for those in which the form differs from it, three standard deviations of both. Of pairs at the very
 * radius one in a thousand is left out, of closer ones next to none. What comes through is counted on the codes.
 *
 * Source: the dihedral hashes of PDQ, ThreatExchange pdq/cpp/hashing. Counting by class is ours.
 */
import {
  blockPlanes,
  blockSlots,
  chunks,
  hashBits,
  hashBytes,
  laneNumberBytes,
  laneNumbers,
  liveMask,
  quartetForms,
  quartetOffsets,
  queryCodes,
  queryMasks,
  scanScratch,
  slotList,
  slotListOrigins,
  tileBlocks,
} from '../memory-layout';
import { backPlanesAt, blockAt, codeAt, frontPlanesAt } from './blocks';
import { confirmForm, hitsOverflow } from './hits';
import { bitOf, carryOf, sumOf } from './lanes';
import { usedSlots } from './slots';

const codesBytes: u32 = 4 * hashBytes;
const masksBytes: usize = <usize>(blockPlanes * 16);
/** Planes of a class: every other one in every other chunk. */
const classPlanes: i32 = <i32>(blockPlanes / 4);
const classMasksBytes: usize = <usize>(classPlanes * 16);
const chunkBytes: usize = <usize>(chunks * 16);
/** Standard deviations that a bound allows for. */
const sigmas: f64 = 3;

// A code has row parity as the parity of a chunk's bit, counted from the last row, and column parity as that of the chunk
// and the bit together (code.ts). In a word of two chunks the classes are A 00005555, B 55550000, C aaaa0000, D 0000aaaa.
const oppositeUpsideDown: u64 = 0xaaaaaaaaaaaaaaaa;
const oppositeLeftToRight: u64 = 0xaaaa5555aaaa5555;
const oppositeInBoth: u64 = 0x0000ffff0000ffff;

// Where lanes hold numbers of nine bits, two's complement: the counts, and the sums of them that forms are judged by.
const numberBits: u32 = 9;
const countA: usize = laneNumbers;
const countB: usize = laneNumbers + laneNumberBytes;
const countC: usize = laneNumbers + 2 * laneNumberBytes;
const countD: usize = laneNumbers + 3 * laneNumberBytes;
const sums: usize = laneNumbers + 4 * laneNumberBytes;

/** Masks and offsets of each quartet, from its four codes. */
export function startQuartets(quartets: u32, radiusBits: u32): void {
  for (let quartet: u32 = 0; quartet < quartets; quartet++) {
    const asked = <u32>load<u8>(quartetForms + <usize>quartet);
    const masks = queryMasks + <usize>quartet * masksBytes;
    takeAgreed(queryCodes + <usize>(quartet * codesBytes), masks, asked | (asked >> 4));
    for (let form: u32 = 0; form < 4; form++) {
      startTests(offsetOf(quartet, form), form, boundOf(load<u8>(scanScratch + <usize>form), radiusBits));
    }
  }
  memory.fill(laneNumbers, 0, 4 * laneNumberBytes);
}

/** Where what is added to the sum of a form stands, and to that of a negative, by the place of its bit. */
function offsetOf(quartet: u32, bit: u32): usize {
  return quartetOffsets + <usize>(quartet * 8 + bit) * laneNumberBytes;
}

/**
 * A form is near when its sum, with this added, is negative, or is not (see `isNearBelow`):
 *
 *      form    sum                     near at
 *      0       A + B + C + D           most the bound
 *      1       A + B - C - D           most the bound - 96
 *      2       A - B + C - D           least 96 - the bound
 *      3       A - B - C + D           least 96 - the bound
 *
 * Its negative is near on the other side, at 192 less what differs.
 */
function startTests(offset: usize, form: u32, bound: i32): void {
  const half = 2 * classPlanes;
  const nearest = form === 0 ? bound : isNearBelow(form) ? bound - half : half - bound;
  const opposite = form === 0 ? 2 * half - bound : -nearest;
  storeNumber(offset, isNearBelow(form) ? -nearest - 1 : -nearest);
  storeNumber(offset + 4 * laneNumberBytes, isNearBelow(form) ? -opposite : -opposite - 1);
}

function isNearBelow(form: u32): bool {
  return form < 2;
}

function storeNumber(to: usize, number: i32): void {
  for (let bit: u32 = 0; bit < numberBits; bit++) v128.store(to + <usize>(16 * bit), bitOf(number, bit));
}

/**
 * Writes, as a vector for each bit in the order of `countClasses`, the bits that most of the forms agree on that are asked
 * for, and where as many say otherwise those of the first; and to `scanScratch` for each form, u8, how many of the bits that
 * are counted differ from them.
 */
function takeAgreed(codes: usize, masks: usize, asked: u32): void {
  const differing = scanScratch;
  store<u32>(differing, 0);
  for (let word: usize = 0; word < <usize>(blockPlanes / 8); word += 8) {
    const first = uprightWord(codes + word, ctz<u32>(asked) & 3);
    const a = (asked & 1) !== 0 ? uprightWord(codes + word, 0) : first;
    const b = (asked & 2) !== 0 ? uprightWord(codes + word, 1) : first;
    const c = (asked & 4) !== 0 ? uprightWord(codes + word, 2) : first;
    const d = (asked & 8) !== 0 ? uprightWord(codes + word, 3) : first;
    const agreed = (a & (b | c | d)) | (b & c & d);
    addDiffering(differing, a ^ agreed);
    addDiffering(differing + 1, b ^ agreed);
    addDiffering(differing + 2, c ^ agreed);
    addDiffering(differing + 3, d ^ agreed);
    // Two chunks of even and two of odd number: 8 masks each for one of the classes.
    const pair = masks + word * 32;
    storeMasks(pair, agreed);
    storeMasks(pair + classMasksBytes, agreed >> 16);
    storeMasks(pair + 2 * classMasksBytes, agreed >> 17);
    storeMasks(pair + 3 * classMasksBytes, agreed >> 1);
  }
}

/** 64 bits of the code of a form, as those of the first form would be. */
function uprightWord(code: usize, form: u32): u64 {
  const bits = load<u64>(code + <usize>(form * hashBytes));
  if (form === 0) return bits;
  return bits ^ (form === 1 ? oppositeUpsideDown : form === 2 ? oppositeLeftToRight : oppositeInBoth);
}

function addDiffering(to: usize, bits: u64): void {
  store<u8>(to, load<u8>(to) + <u8>popcnt<u64>(bits));
}

/** Every other bit of the lower 16 of each half. */
function storeMasks(to: usize, bits: u64): void {
  for (let half: u64 = 0; half <= 32; half += 32) {
    for (let bit: u64 = 0; bit < 16; bit += 2) {
      v128.store(to, bitOf(<i32>(bits >> (half + bit)), 0));
      to += 16;
    }
  }
}

/**
 * How many of 192 bits of the agreed picture may differ, for a form that differs from it in `differing` of them: of pairs
 * at the radius all but one in a thousand are within it.
 */
function boundOf(differing: u8, radiusBits: u32): i32 {
  const share = <f64>radiusBits / <f64>hashBits;
  const looked = <f64>blockPlanes / <f64>hashBits;
  const expected = looked * <f64>radiusBits + <f64>differing * (1 - 2 * share);
  const variance = (1 - looked) * looked * <f64>radiusBits + <f64>differing * 4 * share * (1 - share);
  return <i32>min<f64>(Math.ceil(expected + sigmas * Math.sqrt(variance)), <f64>(blockPlanes - 1));
}

/** All live slots. */
export function scanQuartets(quartets: u32): void {
  const blocks = (usedSlots() + blockSlots - 1) / blockSlots;
  for (let first: u32 = 0; first < blocks; first += tileBlocks) {
    const end = min(first + tileBlocks, blocks);
    for (let quartet: u32 = 0; quartet < quartets; quartet++) {
      for (let block = first; block < end; block++) scanBlock(quartet, block, v128.load(blockAt(block) + liveMask));
    }
    if (hitsOverflow()) return;
  }
}

/** The tile of listed slots: a mask of 16 bytes and the block's number (u32), 32 bytes each. No candidates come with a scan. */
const listedTile: usize = slotListOrigins;
const listedBytes: usize = 32;

/**
 * Of the first `count` slots of the list, which ascend, the live ones. Slots of one content mostly lie side by side, so
 * this reads little more than their own blocks.
 */
export function scanListedQuartets(quartets: u32, count: u32): void {
  let at: u32 = 0;
  while (at < count) {
    let last: u32 = 0;
    let blocks: u32 = 0;
    for (; at < count; at++) {
      const slot = load<u32>(slotList + <usize>at * 4);
      const block = slot / blockSlots;
      if (blocks === 0 || block !== last) {
        if (blocks === tileBlocks) break;
        v128.store(listedTile + <usize>blocks * listedBytes, i64x2.splat(0));
        store<u32>(listedTile + <usize>blocks * listedBytes, block, 16);
        last = block;
        blocks++;
      }
      const lane = listedTile + <usize>(blocks - 1) * listedBytes + <usize>((slot % blockSlots) >> 3);
      store<u8>(lane, load<u8>(lane) | <u8>((<u32>1) << (slot & 7)));
    }
    for (let quartet: u32 = 0; quartet < quartets; quartet++) {
      for (let each: u32 = 0; each < blocks; each++) {
        const listed = listedTile + <usize>each * listedBytes;
        const block = load<u32>(listed, 16);
        scanBlock(quartet, block, v128.and(v128.load(listed), v128.load(blockAt(block) + liveMask)));
      }
    }
    if (hitsOverflow()) return;
  }
}

function scanBlock(quartet: u32, block: u32, lanes: v128): void {
  if (!v128.any_true(lanes)) return;
  countClasses(frontPlanesAt(block), backPlanesAt(block), queryMasks + <usize>quartet * masksBytes);
  addCounts();
  for (let asked = <u32>load<u8>(quartetForms + <usize>quartet); asked !== 0; asked &= asked - 1) {
    const bit = ctz<u32>(asked);
    const negative = signsOf(sums + <usize>(bit & 3) * laneNumberBytes, offsetOf(quartet, bit));
    const isBelow = isNearBelow(bit & 3) === bit < 4;
    const near = isBelow ? v128.and(lanes, negative) : v128.andnot(lanes, negative);
    if (v128.any_true(near)) confirmLanes(quartet, bit, block, near);
  }
}

/** Each class has eight planes in every other chunk, three of these in either half of the planes. */
function countClasses(front: usize, back: usize, masks: usize): void {
  countClass(front, back, masks, countA);
  countClass(front + chunkBytes, back + chunkBytes, masks + classMasksBytes, countB);
  countClass(front + chunkBytes + 16, back + chunkBytes + 16, masks + 2 * classMasksBytes, countC);
  countClass(front + 16, back + 16, masks + 3 * classMasksBytes, countD);
}

function countClass(plane: usize, back: usize, mask: usize, count: usize): void {
  let c0 = i64x2.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let c4 = c0;
  let c5 = c0;
  const frontEnd = plane + 6 * chunkBytes;
  for (const end = mask + classMasksBytes; mask < end; mask += 128) {
    const p0 = v128.xor(v128.load(plane), v128.load(mask));
    const p1 = v128.xor(v128.load(plane, 32), v128.load(mask, 16));
    const twosA = carryOf(c0, p0, p1);
    c0 = sumOf(c0, p0, p1);
    const p2 = v128.xor(v128.load(plane, 64), v128.load(mask, 32));
    const p3 = v128.xor(v128.load(plane, 96), v128.load(mask, 48));
    const twosB = carryOf(c0, p2, p3);
    c0 = sumOf(c0, p2, p3);
    v128.store(scanScratch, carryOf(c1, twosA, twosB));
    c1 = sumOf(c1, twosA, twosB);
    const p4 = v128.xor(v128.load(plane, 128), v128.load(mask, 64));
    const p5 = v128.xor(v128.load(plane, 160), v128.load(mask, 80));
    const twosC = carryOf(c0, p4, p5);
    c0 = sumOf(c0, p4, p5);
    const p6 = v128.xor(v128.load(plane, 192), v128.load(mask, 96));
    const p7 = v128.xor(v128.load(plane, 224), v128.load(mask, 112));
    const twosD = carryOf(c0, p6, p7);
    c0 = sumOf(c0, p6, p7);
    const foursB = carryOf(c1, twosC, twosD);
    c1 = sumOf(c1, twosC, twosD);
    const foursA = v128.load(scanScratch);
    const eights = carryOf(c2, foursA, foursB);
    c2 = sumOf(c2, foursA, foursB);
    const c4In = v128.and(c3, eights);
    c3 = v128.xor(c3, eights);
    c5 = v128.xor(c5, v128.and(c4, c4In));
    c4 = v128.xor(c4, c4In);
    plane += 2 * chunkBytes;
    if (plane === frontEnd) plane = back;
  }
  v128.store(count, c0);
  v128.store(count, c1, 16);
  v128.store(count, c2, 32);
  v128.store(count, c3, 48);
  v128.store(count, c4, 64);
  v128.store(count, c5, 80);
}

/**
 * The four sums from the counts, a bit of all of them at a time. Differences add the complement, and one; A + B and A - B
 * begin alike, and so do what is made of them.
 */
function addCounts(): void {
  const zeros = i64x2.splat(0);
  const ones = i64x2.splat(-1);
  let abCarry = zeros;
  let cdCarry = zeros;
  let abBorrow = ones;
  let cdBorrow = ones;
  let carry0 = zeros;
  let carry1 = ones;
  let carry2 = zeros;
  let carry3 = ones;
  for (let bit: usize = 0; bit < <usize>(16 * numberBits); bit += 16) {
    const a = v128.load(countA + bit);
    const b = v128.load(countB + bit);
    const ab = v128.xor(a, b);
    const p = v128.xor(ab, abCarry);
    const r = v128.not(v128.xor(ab, abBorrow));
    abCarry = v128.or(v128.and(a, b), v128.and(ab, abCarry));
    abBorrow = v128.or(v128.andnot(a, b), v128.andnot(abBorrow, ab));
    const c = v128.load(countC + bit);
    const d = v128.load(countD + bit);
    const cd = v128.xor(c, d);
    const q = v128.xor(cd, cdCarry);
    const s = v128.not(v128.xor(cd, cdBorrow));
    cdCarry = v128.or(v128.and(c, d), v128.and(cd, cdCarry));
    cdBorrow = v128.or(v128.andnot(c, d), v128.andnot(cdBorrow, cd));
    const pq = v128.xor(p, q);
    v128.store(sums + bit, v128.xor(pq, carry0));
    v128.store(sums + laneNumberBytes + bit, v128.not(v128.xor(pq, carry1)));
    carry0 = v128.or(v128.and(p, q), v128.and(pq, carry0));
    carry1 = v128.or(v128.andnot(p, q), v128.andnot(carry1, pq));
    const rs = v128.xor(r, s);
    v128.store(sums + 2 * laneNumberBytes + bit, v128.xor(rs, carry2));
    v128.store(sums + 3 * laneNumberBytes + bit, v128.not(v128.xor(rs, carry3)));
    carry2 = v128.or(v128.and(r, s), v128.and(rs, carry2));
    carry3 = v128.or(v128.andnot(r, s), v128.andnot(carry3, rs));
  }
}

/** Lanes in which two numbers together are negative. */
function signsOf(a: usize, b: usize): v128 {
  let carry = v128.and(v128.load(a), v128.load(b));
  carry = carryOf(carry, v128.load(a, 16), v128.load(b, 16));
  carry = carryOf(carry, v128.load(a, 32), v128.load(b, 32));
  carry = carryOf(carry, v128.load(a, 48), v128.load(b, 48));
  carry = carryOf(carry, v128.load(a, 64), v128.load(b, 64));
  carry = carryOf(carry, v128.load(a, 80), v128.load(b, 80));
  carry = carryOf(carry, v128.load(a, 96), v128.load(b, 96));
  carry = carryOf(carry, v128.load(a, 112), v128.load(b, 112));
  return sumOf(carry, v128.load(a, 128), v128.load(b, 128));
}

/** `form` is 0 to 3, and 4 more for its negative. */
function confirmLanes(quartet: u32, form: u32, block: u32, lanes: v128): void {
  confirmHalf(quartet, form, block * blockSlots, i64x2.extract_lane(lanes, 0));
  confirmHalf(quartet, form, block * blockSlots + 64, i64x2.extract_lane(lanes, 1));
}

function confirmHalf(quartet: u32, form: u32, first: u32, lanes: u64): void {
  const code = queryCodes + <usize>(quartet * codesBytes + (form & 3) * hashBytes);
  while (lanes !== 0) {
    const slot = first + <u32>ctz<u64>(lanes);
    confirmForm(quartet * 8 + form, code, form >= 4, slot, codeAt(slot));
    lanes &= lanes - 1;
  }
}
