/**
 * Forms of pictures as the kernel searches them: hash by hash through segments, or all in one scan by quartets, a picture as
 * it is, upside down, left to right, and both. The eight rotations and flips are two of these
 * (assembly/search/quartet-scan.ts).
 */
import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import type { HammingIndex, Hits, Quartets } from '../kernel/hamming-index.ts';
import { joinHits } from '../kernel/hits.ts';
import type { FormQueries } from '../match/deep-content.ts';
import { dihedralOf, hashAmong, isNegative, writeForm } from '../match/form.ts';
import { searchClosest } from './closest-hits.ts';

/** Positions in `dihedralNames`. What the first of each is, the others are turned over. */
const families = [
  ['original', 'flipX', 'flipY', 'rotate180'] as const,
  ['flipPlus1', 'rotate90', 'rotate270', 'flipMinus1'] as const,
].map((names) => names.map((name) => dihedralNames.indexOf(name)));

const { hashBytes, quartetsPerSearchMax } = limits;
const formsPerQuartet = 4;
/** Bits that ask for something: the forms and their negatives. */
const bitsPerQuartet = 2 * formsPerQuartet;

/**
 * The closest hits of every form of every picture: exact within the radius of segments, and beyond it but for one in a
 * thousand at the very radius. `narrowed`: there were more, and a smaller radius was searched.
 */
export function searchForms(
  index: HammingIndex,
  asked: FormQueries,
  radiusBits: number,
): { readonly hits: Hits; readonly narrowed: boolean } {
  if (radiusBits <= limits.segmentRadiusBitsMax) {
    const found = batchesOf(queriesOf(asked)).map((batch) =>
      searchClosest((bits, hitsMax) => index.search(batch, bits, hitsMax), radiusBits),
    );
    return joined(found, limits.queriesPerSearchMax);
  }
  const found = batchesInQuartets(asked).map(({ quartets, named }) => {
    const { hits, narrowed } = searchClosest(
      (bits, hitsMax) => index.searchQuartets(quartets, bits, hitsMax),
      radiusBits,
    );
    return { hits: named(hits), narrowed };
  });
  return joined(found);
}

function joined(found: readonly ReturnType<typeof searchClosest>[], queriesEach = 0): ReturnType<typeof searchClosest> {
  const hits = joinHits(
    found.map((each) => each.hits),
    queriesEach,
  );
  return { hits, narrowed: found.some(({ narrowed }) => narrowed) };
}

/** Hits among some slots, which ascend, and how many of them could be told. */
export function searchFormsAmong(
  slots: Uint32Array,
  index: HammingIndex,
  asked: FormQueries,
  radiusBits: number,
): { readonly hits: Hits; readonly hitsMax: number } {
  const { hitsPerSearchMax } = limits;
  const batches = batchesInQuartets(asked);
  const hits = joinHits(
    batches.map(({ quartets, named }) => named(index.searchQuartets(quartets, radiusBits, hitsPerSearchMax, slots))),
  );
  return { hits, hitsMax: batches.length * hitsPerSearchMax };
}

function batchesOf(queries: Uint8Array): Uint8Array[] {
  const batchBytes = limits.queriesPerSearchMax * hashBytes;
  return Array.from({ length: Math.ceil(queries.length / batchBytes) }, (_, at) =>
    queries.subarray(at * batchBytes, (at + 1) * batchBytes),
  );
}

interface QuartetBatch {
  readonly quartets: Quartets;
  /** The same hits by the queries of `FormQueries`. */
  named(hits: Hits): Hits;
}

function batchesInQuartets({ forms, pictures }: FormQueries): QuartetBatch[] {
  const wanted = families.map((family) => bitsOf(family, forms)).filter(({ bits }) => bits !== 0);
  const picturesPerBatch = Math.floor(quartetsPerSearchMax / Math.max(1, wanted.length));
  const batches = wanted.length === 0 ? 0 : Math.ceil(pictures.length / picturesPerBatch);
  return Array.from({ length: batches }, (_, batch) => {
    const from = batch * picturesPerBatch;
    const quartets = quartetsOf(pictures.slice(from, from + picturesPerBatch), wanted);
    const queryOf = (place: number) => queryAt(place, from, wanted, forms.length);
    return { quartets, named: (hits) => ({ ...hits, query: hits.query.map(queryOf) }) };
  });
}

/** All queries, one after the other. */
function queriesOf({ pictures, forms }: FormQueries): Uint8Array {
  const queries = new Uint8Array(pictures.length * forms.length * hashBytes);
  pictures.forEach((hashes, picture) => {
    forms.forEach((form, at) => {
      writeForm(hashes, form, queries, (picture * forms.length + at) * hashBytes);
    });
  });
  return queries;
}

/** A family of forms, which of them are asked for, and the place of each in the list of forms by its bit. */
interface Wanted {
  readonly family: readonly number[];
  readonly bits: number;
  readonly placeOfBit: readonly number[];
}

function bitsOf(family: readonly number[], forms: FormQueries['forms']): Wanted {
  const placeOfBit = Array.from({ length: bitsPerQuartet }, () => -1);
  let bits = 0;
  forms.forEach((form, place) => {
    const at = family.indexOf(dihedralOf(form));
    if (at === -1) return;
    const bit = at + (isNegative(form) ? formsPerQuartet : 0);
    bits |= 1 << bit;
    placeOfBit[bit] = place;
  });
  return { family, bits, placeOfBit };
}

function quartetsOf(pictures: readonly Uint8Array[], wanted: readonly Wanted[]): Quartets {
  const count = pictures.length * wanted.length;
  const hashes = new Uint8Array(count * formsPerQuartet * hashBytes);
  const asked = new Uint8Array(count);
  let at = 0;
  for (const picture of pictures) {
    for (const { family, bits } of wanted) {
      asked[at] = bits;
      family.forEach((dihedral, form) => {
        hashes.set(hashAmong(picture, dihedral), (at * formsPerQuartet + form) * hashBytes);
      });
      at += 1;
    }
  }
  return { hashes, asked };
}

function queryAt(place: number, from: number, wanted: readonly Wanted[], forms: number): number {
  const quartet = Math.floor(place / bitsPerQuartet);
  const picture = from + Math.floor(quartet / wanted.length);
  return picture * forms + (wanted[quartet % wanted.length]?.placeOfBit[place % bitsPerQuartet] ?? 0);
}
