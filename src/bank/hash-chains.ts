/** Rows by the hash of their key: chains in typed arrays. The caller compares the keys themselves. */
import {
  grownColumns,
  imageOfColumns,
  imageOfCounts,
  restoreColumns,
  restoreCounts,
  roomFor,
  type TableImage,
} from './columns.ts';

export interface HashChains {
  link(row: number, hash: number): void;
  unlink(row: number): void;
  /** Rows that were linked with this hash, the newest first. */
  rowsOf(hash: number): Generator<number, undefined>;
  image(): [string, Uint8Array<ArrayBuffer>][];
}

const none = 0;
const chainsAtFirst = 1024;
/** Chains double when they hold so many rows on average. */
const rowsPerChainMax = 2;

class LinkedChains implements HashChains {
  readonly #name: string;
  /** First row + 1 of each chain; a power of two of them. */
  #heads = { ofChain: new Uint32Array(chainsAtFirst) };
  #rows = { nexts: new Uint32Array(0), hashes: new Uint32Array(0) };
  #linked = 0;

  constructor(name: string, image?: TableImage) {
    this.#name = name;
    if (image === undefined) return;
    const [linked = 0, chains = chainsAtFirst, rows = 0] = restoreCounts(name, image, 3);
    this.#heads = { ofChain: new Uint32Array(chains) };
    this.#rows = grownColumns(this.#rows, {}, rows);
    restoreColumns(`${name}.heads`, this.#heads, {}, chains, image);
    restoreColumns(`${name}.rows`, this.#rows, {}, rows, image);
    this.#linked = linked;
  }

  image(): [string, Uint8Array<ArrayBuffer>][] {
    const [chains, rows] = [this.#heads.ofChain.length, this.#rows.nexts.length];
    return [
      imageOfCounts(this.#name, [this.#linked, chains, rows]),
      ...imageOfColumns(`${this.#name}.heads`, this.#heads, {}, chains),
      ...imageOfColumns(`${this.#name}.rows`, this.#rows, {}, rows),
    ];
  }

  link(row: number, hash: number): void {
    if (row >= this.#rows.nexts.length) {
      this.#rows = grownColumns(this.#rows, {}, roomFor(row + 1, this.#rows.nexts.length));
    }
    if (this.#linked >= this.#heads.ofChain.length * rowsPerChainMax) this.#double();
    this.#rows.hashes[row] = hash;
    this.#putFirst(row, hash >>> 0);
    this.#linked += 1;
  }

  unlink(row: number): void {
    const { nexts, hashes } = this.#rows;
    const { ofChain } = this.#heads;
    const chain = (hashes[row] ?? 0) & (ofChain.length - 1);
    const next = nexts[row] ?? none;
    let entry = ofChain[chain] ?? none;
    if (entry === row + 1) ofChain[chain] = next;
    else {
      while (entry !== none && nexts[entry - 1] !== row + 1) entry = nexts[entry - 1] ?? none;
      if (entry !== none) nexts[entry - 1] = next;
    }
    this.#linked -= 1;
  }

  *rowsOf(hash: number): Generator<number, undefined> {
    const wanted = hash >>> 0;
    const { ofChain } = this.#heads;
    let entry = ofChain[wanted & (ofChain.length - 1)] ?? none;
    for (; entry !== none; entry = this.#rows.nexts[entry - 1] ?? none) {
      if (this.#rows.hashes[entry - 1] === wanted) yield entry - 1;
    }
    return undefined;
  }

  #putFirst(row: number, hash: number): void {
    const { ofChain } = this.#heads;
    const chain = hash & (ofChain.length - 1);
    this.#rows.nexts[row] = ofChain[chain] ?? none;
    ofChain[chain] = row + 1;
  }

  /** Walks the old chains from their ends, so that the newest of a key stays first. */
  #double(): void {
    const { ofChain } = this.#heads;
    this.#heads = { ofChain: new Uint32Array(ofChain.length * 2) };
    for (const head of ofChain) {
      const chain: number[] = [];
      for (let entry = head; entry !== none; entry = this.#rows.nexts[entry - 1] ?? none) chain.push(entry - 1);
      for (const row of chain.reverse()) this.#putFirst(row, this.#rows.hashes[row] ?? 0);
    }
  }
}

/** `name` tells its pieces in an image from those of others. */
export function createHashChains(name: string, image?: TableImage): HashChains {
  return new LinkedChains(name, image);
}
