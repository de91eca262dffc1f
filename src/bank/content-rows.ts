/**
 * What is known of each content, a row each, found by id and by SHA-256. The facts of a row lie packed in a pool of bytes
 * and are unpacked when somebody asks: some 200 bytes a content, where objects would take ten times as much.
 */
import type { BankContent } from '../contracts/bank.ts';
import type { KnownContent } from '../match/known-content.ts';
import { createBytePool } from './byte-pool.ts';
import {
  grownColumns,
  imageOfColumns,
  imageOfCounts,
  restoreColumns,
  restoreCounts,
  roomFor,
  type TableImage,
} from './columns.ts';
import { createHashChains } from './hash-chains.ts';

export interface ContentFacts extends KnownContent {
  readonly parts: number;
  readonly framesIndexed: number;
  readonly framesLowQuality: number;
  readonly viewsIndexed: number;
  readonly addedAt: string;
  /** Offset of the record that made it active. */
  readonly bankPosition: number;
}

export interface ContentRows {
  /** Gives its row. The newest of an id is the one that is found. */
  add(facts: ContentFacts): number;
  drop(row: number): void;
  facts(row: number): ContentFacts;
  rowOf(contentId: string): number | undefined;
  rowsOfSha256(sha256: string): number[];
  /** True when the content of the row is in this bank; cheaper than its facts. */
  isInBank(row: number, contentId: string, bank: string): boolean;
  /** The number of the content that has the row now. */
  numberOf(row: number): number;
  rowOfNumber(contentNumber: number): number | undefined;
  contentIds(): string[];
  readonly size: number;
  image(): [string, Uint8Array<ArrayBuffer>][];
}

/** A number is its row and how often the row was given to another: below 2^53, even with the eight rotations beside it. */
const rowsMax = 2 ** 23;
const usesMax = 2 ** 27;
const shaBytes = 32;
/** A place in the pool is never 0, so that marks a free row. */
const free = 0;
const noRows = {
  places: new Uint32Array(0),
  uses: new Uint32Array(0),
  /** Of a free row, the next free one + 1. */
  nextFree: new Uint32Array(0),
  shas: new Uint8Array(0),
};
const widths = { shas: shaBytes };

class PackedRows implements ContentRows {
  #columns = noRows;
  #used = 0;
  #freed = 0;
  #size = 0;
  readonly #pool: ReturnType<typeof createBytePool>;
  readonly #byId: ReturnType<typeof createHashChains>;
  readonly #bySha: ReturnType<typeof createHashChains>;

  constructor(image?: TableImage) {
    this.#pool = createBytePool(image);
    this.#byId = createHashChains('ids', image);
    this.#bySha = createHashChains('shas', image);
    if (image === undefined) return;
    const [used = 0, freed = 0, size = 0] = restoreCounts('contents', image, 3);
    this.#columns = grownColumns(noRows, widths, used);
    restoreColumns('contents', this.#columns, widths, used, image);
    this.#used = used;
    this.#freed = freed;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  image(): [string, Uint8Array<ArrayBuffer>][] {
    return [
      imageOfCounts('contents', [this.#used, this.#freed, this.#size]),
      ...imageOfColumns('contents', this.#columns, widths, this.#used),
      ...this.#pool.image(),
      ...this.#byId.image(),
      ...this.#bySha.image(),
    ];
  }

  add(facts: ContentFacts): number {
    const row = this.#takeRow();
    this.#columns.places[row] = this.#pool.put(Buffer.from(packFacts(facts)));
    this.#byId.link(row, hashOfText(facts.contentId));
    if (facts.sha256 !== undefined) {
      const sha = Buffer.from(facts.sha256, 'hex');
      this.#columns.shas.set(sha, row * shaBytes);
      this.#bySha.link(row, sha.readUInt32LE(0));
    }
    this.#size += 1;
    return row;
  }

  drop(row: number): void {
    const { places, uses, nextFree } = this.#columns;
    this.#byId.unlink(row);
    if (this.facts(row).sha256 !== undefined) this.#bySha.unlink(row);
    this.#pool.free(places[row] ?? free);
    places[row] = free;
    uses[row] = ((uses[row] ?? 0) + 1) % usesMax;
    nextFree[row] = this.#freed;
    this.#freed = row + 1;
    this.#size -= 1;
  }

  facts(row: number): ContentFacts {
    const text = bufferOf(this.#pool.get(this.#columns.places[row] ?? free)).toString('utf8');
    return unpackFacts(text, () => bufferOf(this.#shaOf(row)).toString('hex'));
  }

  rowOf(contentId: string): number | undefined {
    const start = Buffer.from(idStart(contentId));
    for (const row of this.#byId.rowsOf(hashOfText(contentId))) {
      if (this.#startsWith(row, start)) return row;
    }
    return undefined;
  }

  rowsOfSha256(sha256: string): number[] {
    const sha = Buffer.from(sha256, 'hex');
    if (sha.length !== shaBytes) return [];
    return [...this.#bySha.rowsOf(sha.readUInt32LE(0))].filter((row) => sha.equals(this.#shaOf(row)));
  }

  isInBank(row: number, contentId: string, bank: string): boolean {
    return this.#startsWith(row, Buffer.from(`${idStart(contentId)}${JSON.stringify(bank)},`));
  }

  numberOf(row: number): number {
    return (this.#columns.uses[row] ?? 0) * rowsMax + row;
  }

  rowOfNumber(contentNumber: number): number | undefined {
    const row = contentNumber % rowsMax;
    const isThere = (this.#columns.places[row] ?? free) !== free;
    return isThere && this.numberOf(row) === contentNumber ? row : undefined;
  }

  contentIds(): string[] {
    const ids: string[] = [];
    for (let row = 0; row < this.#used; row++) {
      const place = this.#columns.places[row] ?? free;
      if (place !== free) ids.push(idOf(bufferOf(this.#pool.get(place))));
    }
    return ids;
  }

  #takeRow(): number {
    if (this.#freed !== 0) {
      const row = this.#freed - 1;
      this.#freed = this.#columns.nextFree[row] ?? 0;
      return row;
    }
    const room = this.#columns.places.length;
    if (this.#used === room) this.#columns = grownColumns(this.#columns, widths, roomFor(this.#used + 1, room));
    this.#used += 1;
    return this.#used - 1;
  }

  #shaOf(row: number): Uint8Array<ArrayBuffer> {
    return this.#columns.shas.subarray(row * shaBytes, (row + 1) * shaBytes);
  }

  #startsWith(row: number, start: Buffer): boolean {
    const packed = this.#pool.get(this.#columns.places[row] ?? free);
    return start.equals(packed.subarray(0, start.length));
  }
}

/** Empty, or as they were when the image was taken. */
export function createContentRows(image?: TableImage): ContentRows {
  return new PackedRows(image);
}

/** As in JSON, so that a row can be told from others by its first bytes. */
function idStart(contentId: string): string {
  return `[${JSON.stringify(contentId)},`;
}

/** An id has no spaces and no control characters, so its JSON ends at the first quote without a backslash before it. */
function idOf(packed: Buffer): string {
  let end = 2;
  while (packed[end] !== 0x22) end += packed[end] === 0x5c ? 2 : 1;
  return JSON.parse(packed.toString('utf8', 1, end + 1));
}

type PackedFacts = readonly [
  contentId: string,
  bank: string,
  kind: ContentFacts['kind'],
  revision: number,
  parts: number,
  durationMs: number,
  framesPerSecond: number,
  framesIndexed: number,
  framesLowQuality: number,
  viewsIndexed: number,
  addedAt: string,
  bankPosition: number,
  labels: readonly string[],
  hasSha256: 0 | 1,
];

function packFacts(facts: ContentFacts): string {
  const packed: PackedFacts = [
    facts.contentId,
    facts.bank,
    facts.kind,
    facts.revision,
    facts.parts,
    facts.durationMs,
    facts.framesPerSecond,
    facts.framesIndexed,
    facts.framesLowQuality,
    facts.viewsIndexed,
    facts.addedAt,
    facts.bankPosition,
    facts.labels,
    facts.sha256 === undefined ? 0 : 1,
  ];
  return JSON.stringify(packed);
}

function unpackFacts(text: string, sha256: () => string): ContentFacts {
  const [contentId, bank, kind, revision, parts, durationMs, framesPerSecond, ...rest]: PackedFacts = JSON.parse(text);
  const [framesIndexed, framesLowQuality, viewsIndexed, addedAt, bankPosition, labels, hasSha256] = rest;
  return {
    contentId,
    bank,
    labels,
    kind,
    revision,
    durationMs,
    framesPerSecond,
    sha256: hasSha256 === 1 ? sha256() : undefined,
    parts,
    framesIndexed,
    framesLowQuality,
    viewsIndexed,
    addedAt,
    bankPosition,
  };
}

/** The summary that the API gives. */
export function summaryOf(facts: ContentFacts): BankContent {
  const { contentId, bank, revision, labels, kind, sha256, durationMs, framesPerSecond } = facts;
  const { framesIndexed, framesLowQuality, viewsIndexed, addedAt, bankPosition } = facts;
  return {
    contentId,
    bank,
    revision,
    labels: [...labels],
    kind,
    ...(sha256 === undefined ? {} : { sha256 }),
    durationSeconds: durationMs / 1000,
    framesPerSecond,
    framesIndexed,
    framesLowQuality,
    viewsIndexed,
    addedAt,
    bankPosition,
  };
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** FNV-1a over the characters, stirred at the end: chains are chosen by its low bits. */
function hashOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
