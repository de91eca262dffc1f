/** The deep side of known content, and of the bank, as the matching of regions sees them. The bank implements both. */
import type { Form } from './form.ts';

/** Pictures to compare, each in several forms. */
export interface FormQueries {
  /** Of each a hash of 32 bytes for each position in `dihedralNames`, or for the upright ones when no other form is asked for. */
  readonly pictures: readonly Uint8Array[];
  /** Query i is form `forms[i % n]` of picture floor(i / n), n of them. */
  readonly forms: readonly Form[];
}

/** Pairs of a query and an entry; parallel arrays, `count` long. */
export interface ViewHits {
  readonly count: number;
  /** True when there were more: the rest is missing. */
  readonly capped: boolean;
  readonly query: Uint32Array;
  readonly entry: Uint32Array;
  readonly distanceBits: Uint16Array;
}

/** Every view of every frame of one known content, in parallel columns. */
export interface DeepContent {
  readonly contentNumber: number;
  /** Width over height. */
  readonly aspect: number;
  readonly entries: number;
  /** The known frames between these two moments look the same in this view, milliseconds. */
  readonly fromMs: Uint32Array;
  readonly untilMs: Uint32Array;
  /** Places in `knownViews`. */
  readonly view: Uint8Array;
  readonly quality: Uint8Array;
  /** 32 bytes. */
  hashOf(entry: number): Uint8Array;
  /** The known frame nearest to a moment as 32 x 32 gray pixels; undefined when none was kept. */
  thumbnailNear(timeMs: number): { readonly timeMs: number; readonly pixels: Uint8Array } | undefined;
  /** Pairs within `radiusBits` with their exact distances; of those at the very radius one in a thousand may be missing. */
  measure(asked: FormQueries, radiusBits: number): ViewHits;
}

export interface NamedContent {
  readonly contentNumber: number;
  /** Which query came closest. */
  readonly query: number;
  readonly distanceBits: number;
}

export interface Naming {
  /** The closest first, one entry a content; at most limits.namedContentsMax. */
  readonly named: readonly NamedContent[];
  readonly capped: boolean;
  /** The radius that was searched: a large bank is searched less widely than asked. */
  readonly radiusBits: number;
}

export interface DeepBank {
  /** How many contents have views. */
  readonly deepContents: number;
  /** Contents with a view near any of the queries; of those at the very radius one in a thousand may be missing. */
  nameDeep(asked: FormQueries, wideBits: number): Naming;
  /** Undefined when the content is plain or gone. */
  deep(contentNumber: number): DeepContent | undefined;
}
