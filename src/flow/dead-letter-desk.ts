/** Where operators look at dead letters and send them through once more. Reads the log itself: dead letters are few. */
import { factsOf, originalHeaders, replayRecord } from '../admit/dead-letters.ts';
import { limits } from '../config/limits.ts';
import type {
  DeadLetter,
  DeadLetterCode,
  DeadLetterFacts,
  DeadLetterList,
  DeadLetterReplayed,
  DeadLetterSummary,
} from '../contracts/dead-letter.ts';
import { FloodgateError } from '../errors.ts';
import type { Log, LogRecord, Position } from '../log/log.ts';
import type { Telemetry } from '../telemetry.ts';
import { newestFirst } from './newest-first.ts';

export interface DeadLetterDeskParts {
  readonly log: Pick<Log, 'append' | 'read' | 'ends'>;
  readonly telemetry: Pick<Telemetry, 'deadLetterReplayed'>;
  /** Undecided uploads in the log, as last measured. */
  readonly backlogUploads: () => number;
  readonly backlogUploadsMax: number;
}

interface Found {
  readonly letter: LogRecord;
  readonly facts: DeadLetterFacts;
}

const replayBatchRecords = 100;

export class DeadLetterDesk {
  readonly #parts: DeadLetterDeskParts;

  constructor(parts: DeadLetterDeskParts) {
    this.#parts = parts;
  }

  /** Newest first. A page that looked at many dead letters of other codes is short, and has a cursor all the same. */
  async list(
    filter: { readonly code?: DeadLetterCode },
    page: { readonly cursor?: string; readonly limit: number },
  ): Promise<DeadLetterList> {
    const walk = await newestFirst(this.#parts.log, 'dead-letters', page.cursor);
    const items: DeadLetterSummary[] = [];
    for (let looked = 0; items.length < page.limit && looked < limits.viewScanRowsMax; looked += 1) {
      const letter = await walk.next();
      if (letter === undefined) return { items, nextCursor: null };
      const facts = factsOf(letter);
      if (facts === undefined || (filter.code !== undefined && facts.code !== filter.code)) continue;
      items.push(summaryOf({ letter, facts }));
    }
    return { items, nextCursor: walk.cursor() };
  }

  /** Throws not_found when there is no such dead letter, or it is no longer kept. */
  async get(id: string): Promise<DeadLetter> {
    const found = await this.#find(id);
    const { value } = found.letter;
    const text = value === null ? null : textOf(value);
    return {
      ...summaryOf(found),
      headers: originalHeaders(found.letter),
      value: text ?? (value === null ? null : Buffer.from(value).toString('base64')),
      valueEncoding: text === undefined ? 'base64' : 'text',
    };
  }

  /**
   * Appends the event to the uploads once more, as it was or with a corrected value; resolves when it is durable. An event
   * that has its decision by now changes nothing. Throws not_found, conflict, overloaded, log_full, log_failed.
   */
  async replay(id: string, value?: Uint8Array): Promise<DeadLetterReplayed> {
    const { letter, facts } = await this.#find(id);
    if (facts.cut && value === undefined) throw cutError(id);
    if (value !== undefined && value.length > limits.recordBytesMax) {
      throw new FloodgateError('payload_too_large', `a value may have ${limits.recordBytesMax} bytes`);
    }
    const [position] = await this.#append([replayRecord(letter, facts, value)]);
    if (position === undefined) throw new FloodgateError('log_failed', 'the log gave no position for the upload');
    return { id, attempt: facts.attempt + 1, position };
  }

  /**
   * Replays every event whose newest dead letter has the code, oldest first. Throws conflict when they are not `count`,
   * and tells how many they are.
   */
  async replayAll(code: DeadLetterCode, count: number): Promise<{ replayed: number }> {
    const found = await this.#newestOfEach(code);
    if (found.length !== count) {
      throw new FloodgateError(
        'conflict',
        `${found.length} events have a dead letter with ${code} that can be replayed`,
      );
    }
    const records = found.reverse().map(({ letter, facts }) => replayRecord(letter, facts));
    for (let from = 0; from < records.length; from += replayBatchRecords) {
      await this.#append(records.slice(from, from + replayBatchRecords));
    }
    return { replayed: records.length };
  }

  /** An event that was replayed and failed again has several dead letters, of which the newest alone counts. */
  async #newestOfEach(code: DeadLetterCode): Promise<Found[]> {
    const walk = await newestFirst(this.#parts.log, 'dead-letters');
    const origins = new Set<string>();
    const found: Found[] = [];
    for (let letter = await walk.next(); letter !== undefined; letter = await walk.next()) {
      const facts = factsOf(letter);
      if (facts === undefined || origins.has(facts.origin)) continue;
      origins.add(facts.origin);
      if (facts.code === code && !facts.cut) found.push({ letter, facts });
      if (found.length >= limits.deadLettersReplayedMax) break;
    }
    return found;
  }

  async #append(records: Parameters<Log['append']>[0]): Promise<readonly Position[]> {
    const { log, telemetry, backlogUploads, backlogUploadsMax } = this.#parts;
    if (backlogUploads() >= backlogUploadsMax) {
      throw new FloodgateError('overloaded', `${backlogUploadsMax} uploads wait for their decision; try again later`);
    }
    const positions = await log.append(records);
    for (const _ of positions) telemetry.deadLetterReplayed();
    return positions;
  }

  async #find(id: string): Promise<Found> {
    const [partition = -1, offset = -1] = id.split('-').map(Number);
    const { log } = this.#parts;
    const end = (await log.ends('dead-letters')).find((each) => each.partition === partition);
    const isKept = end !== undefined && offset >= end.startOffset && offset < end.endOffset;
    const [letter] = isKept ? await log.read('dead-letters', { partition, offset }, 1) : [];
    // Where the offset is that of a mark between transactions, a later record is read.
    const facts = letter === undefined || letter.offset !== offset ? undefined : factsOf(letter);
    if (letter !== undefined && facts !== undefined) return { letter, facts };
    throw new FloodgateError('not_found', `There is no dead letter ${id}, or it is no longer kept.`);
  }
}

function summaryOf({ letter, facts }: Found): DeadLetterSummary {
  return {
    id: `${letter.partition}-${letter.offset}`,
    key: letter.key,
    appendedAt: new Date(letter.timestampMs).toISOString(),
    facts,
    valueBytes: letter.value?.length ?? 0,
  };
}

/** Undefined when it is not UTF-8. */
function textOf(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
}

function cutError(id: string): FloodgateError {
  return new FloodgateError(
    'conflict',
    `Dead letter ${id} was over the limit and is not whole; give a corrected value.`,
  );
}
