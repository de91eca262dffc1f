/**
 * Which slot of the index holds a hash. Unique hashes are indexed once: a search costs hits squared on banks full of
 * identical frames otherwise. Open addressing over typed arrays, since a Map of 20 million strings does not fit.
 */
import { limits } from '../config/limits.ts';

const { hashBytes } = limits;
const free = 0;
const deleted = 1;
const firstSlot = 2;
const initialPlaces = 1024;

export interface HashTable {
  /** The slot that holds the hash, or undefined. */
  find(hash: Uint8Array): number | undefined;
  /** Throws nothing and checks nothing: the hash must not be there yet. */
  put(hash: Uint8Array, slot: number): void;
  remove(hash: Uint8Array): void;
  /** A copy of the hash that a slot holds. */
  hashOf(slot: number): Uint8Array;
}

export function createHashTable(): HashTable {
  /** For each place: free, deleted, or slot + 2. */
  let places = new Uint32Array(initialPlaces);
  let taken = 0;
  let used = 0;
  let hashes = new Uint8Array(initialPlaces * hashBytes);

  const isAt = (slot: number, hash: Uint8Array): boolean => {
    for (let at = 0; at < hashBytes; at++) if (hashes[slot * hashBytes + at] !== hash[at]) return false;
    return true;
  };
  const placeOf = (hash: Uint8Array): number => {
    const mask = places.length - 1;
    for (let place = mix(hash) & mask; ; place = (place + 1) & mask) {
      const entry = places[place] ?? free;
      if (entry === free) return -1;
      if (entry >= firstSlot && isAt(entry - firstSlot, hash)) return place;
    }
  };
  const insert = (hash: Uint8Array, slot: number): void => {
    const mask = places.length - 1;
    let place = mix(hash) & mask;
    while ((places[place] ?? free) >= firstSlot) place = (place + 1) & mask;
    if (places[place] === free) taken += 1;
    places[place] = slot + firstSlot;
  };
  const rebuild = (): void => {
    const slots = places.filter((entry) => entry >= firstSlot);
    let size = initialPlaces;
    while (size < (used + 1) * 2) size *= 2;
    places = new Uint32Array(size);
    taken = 0;
    for (const entry of slots) insert(hashAt(hashes, entry - firstSlot), entry - firstSlot);
  };

  return {
    find(hash) {
      const place = placeOf(hash);
      return place < 0 ? undefined : (places[place] ?? firstSlot) - firstSlot;
    },
    put(hash, slot) {
      if ((taken + 1) * 3 > places.length * 2) rebuild();
      if ((slot + 1) * hashBytes > hashes.length) {
        const larger = new Uint8Array(Math.max(hashes.length * 2, (slot + 1) * hashBytes));
        larger.set(hashes);
        hashes = larger;
      }
      hashes.set(hash, slot * hashBytes);
      insert(hash, slot);
      used += 1;
    },
    remove(hash) {
      const place = placeOf(hash);
      if (place < 0) return;
      places[place] = deleted;
      used -= 1;
    },
    hashOf: (slot) => hashAt(hashes, slot).slice(),
  };
}

function hashAt(hashes: Uint8Array, slot: number): Uint8Array {
  return hashes.subarray(slot * hashBytes, (slot + 1) * hashBytes);
}

/** PDQ's bits are correlated within a hash, so all of it is mixed (FNV-1a over words, then a final avalanche). */
function mix(hash: Uint8Array): number {
  let mixed = 0x811c9dc5;
  for (let at = 0; at < hashBytes; at += 4) {
    const word =
      (hash[at] ?? 0) | ((hash[at + 1] ?? 0) << 8) | ((hash[at + 2] ?? 0) << 16) | ((hash[at + 3] ?? 0) << 24);
    mixed = Math.imul(mixed ^ word, 0x01000193);
    mixed ^= mixed >>> 15;
  }
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
