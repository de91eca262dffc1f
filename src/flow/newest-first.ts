/** Reads a topic from its newest record to its oldest, over all partitions, by the time of appending. */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { Log, LogRecord, Topic } from '../log/log.ts';

export interface NewestFirst {
  /** Undefined at the end. */
  next(): Promise<LogRecord | undefined>;
  /** Where to go on from, as text; null at the end. */
  cursor(): string | null;
}

/** What is left of one partition. */
interface Remainder {
  readonly partition: number;
  readonly startOffset: number;
  /** Everything from here on was handed out. */
  handedFrom: number;
  /** Everything from here on was read. */
  readFrom: number;
  /** Read and not handed out, the newest last. */
  readonly waiting: LogRecord[];
}

/** Begins at the ends as they are now, or at a cursor; a cursor of another topic or time is no cursor to complain of. */
export async function newestFirst(
  log: Pick<Log, 'read' | 'ends'>,
  topic: Topic,
  cursor?: string,
): Promise<NewestFirst> {
  const from = cursor === undefined ? undefined : offsetsOf(cursor);
  const ends = await log.ends(topic);
  const remainders = ends.map(({ partition, startOffset, endOffset }): Remainder => {
    // A partition that is not in the cursor had nothing left.
    const offset = from === undefined ? endOffset : Math.min(from.get(partition) ?? startOffset, endOffset);
    return { partition, startOffset, handedFrom: offset, readFrom: offset, waiting: [] };
  });
  return {
    async next() {
      await Promise.all(remainders.map((remainder) => fill(log, topic, remainder)));
      const newest = remainders.reduce<Remainder | undefined>(
        (best, each) => (isNewer(each, best) ? each : best),
        undefined,
      );
      const record = newest?.waiting.pop();
      if (newest !== undefined && record !== undefined) newest.handedFrom = record.offset;
      return record;
    },
    cursor() {
      const left = remainders.filter(({ handedFrom, startOffset }) => handedFrom > startOffset);
      return left.length === 0 ? null : left.map(({ partition, handedFrom }) => `${partition}-${handedFrom}`).join('.');
    },
  };
}

function isNewer({ waiting }: Remainder, than: Remainder | undefined): boolean {
  const [newest, other] = [waiting.at(-1), than?.waiting.at(-1)];
  return newest !== undefined && (other === undefined || newest.timestampMs > other.timestampMs);
}

/** Reads backwards by stretches; in one of them there may be no record at all, only marks between transactions. */
async function fill(log: Pick<Log, 'read'>, topic: Topic, remainder: Remainder): Promise<void> {
  const { partition, startOffset, waiting } = remainder;
  while (waiting.length === 0 && remainder.readFrom > startOffset) {
    const endOffset = remainder.readFrom;
    const from = Math.max(startOffset, endOffset - limits.deadLettersReadMax);
    for (let offset = from; offset < endOffset; ) {
      const records = await log.read(topic, { partition, offset }, endOffset - offset);
      waiting.push(...records.filter((record) => record.offset < endOffset));
      offset = (records.at(-1)?.offset ?? endOffset) + 1;
    }
    remainder.readFrom = from;
  }
}

function offsetsOf(cursor: string): Map<number, number> {
  const pairs = cursor.split('.').map((pair) => pair.split('-').map(Number));
  if (pairs.some((pair) => pair.length !== 2 || !pair.every(Number.isSafeInteger))) {
    throw new FloodgateError('invalid_request', '/query/cursor must be the nextCursor of a page');
  }
  return new Map(pairs.map(([partition = 0, offset = 0]) => [partition, offset]));
}
