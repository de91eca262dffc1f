/**
 * Which offsets of a partition are settled: all below the committed one, and some above it. Those above travel in the
 * metadata of the committed offset, so that one slow upload holds back nobody, and nothing is done twice after a restart.
 *
 * The metadata is "fg1:" and base64url of varints: the lengths of runs of offsets from the committed one on, by turns not
 * settled and settled. Other text means that nothing above is settled: the group was moved by hand, or by another program.
 * A dot and the name of whoever wrote it may follow.
 */
const prefix = 'fg1:';
const writerMark = '.';

/** Offsets [from, until). */
interface Run {
  readonly from: number;
  readonly until: number;
}

export class SettledOffsets {
  #committed: number;
  /** Above the committed offset, ascending, with a gap between any two: few, however many offsets they hold. */
  #runs: Run[] = [];

  constructor(committed: number, runs: readonly Run[] = []) {
    this.#committed = committed;
    for (const { from, until } of runs) this.addRun(from, until);
  }

  static parse(committed: number, metadata: string | null): SettledOffsets {
    return new SettledOffsets(committed, metadata === null ? [] : runsOf(committed, metadata));
  }

  /** The lowest offset that is not settled. */
  get committed(): number {
    return this.#committed;
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }

  has(offset: number): boolean {
    if (offset < this.#committed) return true;
    const run = this.#runs[this.#placeOf(offset)];
    return run !== undefined && run.from <= offset;
  }

  add(offset: number): void {
    this.addRun(offset, offset + 1);
  }

  /** Marks [from, until) settled, whatever of it was before. */
  addRun(from: number, until: number): void {
    let [low, high] = [Math.max(from, this.#committed), until];
    if (low >= high) return;
    const first = this.#placeOf(low - 1);
    let last = first;
    for (; last < this.#runs.length; last += 1) {
      const run = this.#runs[last];
      if (run === undefined || run.from > high) break;
      low = Math.min(low, run.from);
      high = Math.max(high, run.until);
    }
    if (low > this.#committed) {
      this.#runs.splice(first, last - first, { from: low, until: high });
    } else {
      this.#runs.splice(0, last);
      this.#committed = high;
    }
  }

  /** A copy in which these are settled as well. */
  with(offsets: Iterable<number>): SettledOffsets {
    const next = new SettledOffsets(this.#committed);
    next.#runs = [...this.#runs];
    for (const offset of offsets) next.add(offset);
    return next;
  }

  equals(other: SettledOffsets): boolean {
    return this.#committed === other.#committed && this.isWithin(other) && other.isWithin(this);
  }

  /** Whether all that is settled here is settled there. */
  isWithin(other: SettledOffsets): boolean {
    if (this.#committed > other.#committed) return false;
    return this.#runs.every(({ from, until }) => {
      const low = Math.max(from, other.#committed);
      const run = other.#runs[other.#placeOf(low)];
      return low >= until || (run !== undefined && run.from <= low && run.until >= until);
    });
  }

  /** `writer` is letters and digits. */
  metadata(writer?: string): string {
    const mark = writer === undefined ? '' : writerMark + writer;
    if (this.#runs.length === 0) return mark === '' ? '' : prefix + mark;
    const bytes: number[] = [];
    let at = this.#committed;
    for (const { from, until } of this.#runs) {
      writeVarint(bytes, from - at);
      writeVarint(bytes, until - from);
      at = until;
    }
    return prefix + Buffer.from(bytes).toString('base64url') + mark;
  }

  /** Index of the first run that ends above `offset`. */
  #placeOf(offset: number): number {
    let [low, high] = [0, this.#runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#runs[middle]?.until ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Who wrote this metadata; null where nobody of us did, or without a name. */
export function writerOf(metadata: string | null): string | null {
  if (metadata === null || !metadata.startsWith(prefix)) return null;
  return metadata.split(writerMark)[1] ?? null;
}

function runsOf(committed: number, metadata: string): Run[] {
  if (!metadata.startsWith(prefix)) return [];
  const [lengthsText = ''] = metadata.slice(prefix.length).split(writerMark);
  const lengths = readVarints(Buffer.from(lengthsText, 'base64url'));
  const runs: Run[] = [];
  let at = committed;
  for (const [place, length] of lengths.entries()) {
    if (place % 2 === 1) runs.push({ from: at, until: at + length });
    at += length;
  }
  return runs;
}

function writeVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}

function readVarints(bytes: Buffer): number[] {
  const values: number[] = [];
  let [value, scale] = [0, 1];
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte >= 0x80) continue;
    values.push(value);
    [value, scale] = [0, 1];
  }
  return values;
}
