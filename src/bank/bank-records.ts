/** Known content to and from the records of the bank log: one record a part, keyed so that compaction keeps the newest. */
import { limits } from '../config/limits.ts';
import { BankRecord, bankRecordKey } from '../contracts/bank.ts';
import { cloudEventHeaders, cloudEventRecord } from '../contracts/cloud-events.ts';
import type { MediaKind } from '../contracts/common.ts';
import {
  type Frame,
  type KnownThumbnail,
  packedFrameBytes,
  packedThumbnailBytes,
  packFrames,
  packThumbnails,
  unpackFrames,
  unpackThumbnails,
} from '../contracts/packed-frames.ts';
import { validatorOf } from '../contracts/validate.ts';
import type { LogRecord, NewRecord } from '../log/log.ts';

/** Known content as it is added. */
export interface BankEntry {
  readonly contentId: string;
  readonly bank: string;
  readonly labels: readonly string[];
  readonly kind: MediaKind;
  readonly sha256: string | undefined;
  readonly durationMs: number;
  readonly framesPerSecond: number;
  /** In order of time; may be empty, and the content is then known by its bytes alone. Views among them make it deep. */
  readonly frames: readonly Frame[];
  /** Width over height; of deep content. */
  readonly aspect?: number | undefined;
  readonly thumbnails?: readonly KnownThumbnail[] | undefined;
}

/** One revision of known content as the log has it. */
export interface BankRevision extends BankEntry {
  readonly revision: number;
  readonly parts: number;
  readonly addedAt: string;
}

/** One part of a revision, whose frames are those of the part. */
export interface BankPart {
  readonly kind: 'part';
  readonly part: number;
  readonly revision: BankRevision;
}

export type BankChange = BankPart | { readonly kind: 'tombstone'; readonly contentId: string; readonly part: number };

/** As many frames as fit a record: base64 makes 4 bytes of 3. */
export const framesPerPartMax = Math.floor(
  ((limits.recordBytesMax - limits.bankRecordFieldsBytesMax) * 3) / 4 / packedFrameBytes,
);

/**
 * All records of a revision, in the order in which they must be appended, at once. `partsBefore` is how many parts the
 * revision before had: those left over get a tombstone, after the new parts, so that the content is never away.
 */
export function recordsOfRevision(
  entry: BankEntry,
  revision: number,
  partsBefore: number,
  addedAt: string,
  framesPerPart: number = framesPerPartMax,
): NewRecord[] {
  const { frames, thumbnails = [] } = entry;
  const bytes = frames.length * packedFrameBytes + thumbnails.length * packedThumbnailBytes;
  const parts = Math.max(1, Math.ceil(bytes / (framesPerPart * packedFrameBytes - packedThumbnailBytes)));
  const records = Array.from({ length: parts }, (_, part) => {
    const shareOf = <T>(all: readonly T[]): readonly T[] =>
      all.slice(Math.floor((part * all.length) / parts), Math.floor(((part + 1) * all.length) / parts));
    const record = partRecord({ ...entry, revision, parts, addedAt }, part, shareOf(frames), shareOf(thumbnails));
    return cloudEventRecord('bank', bankRecordKey(entry.contentId, part), record, {
      id: `${bankRecordKey(entry.contentId, part)}@${revision}/${addedAt}`,
      source: '/bank',
      subject: entry.contentId,
      time: addedAt,
    });
  });
  return [...records, ...tombstones(entry.contentId, parts, partsBefore, addedAt)];
}

/** One part of a revision as its record has it. */
export function partRecord(
  revision: BankRevision,
  part: number,
  framesOfPart: readonly Frame[],
  thumbnailsOfPart: readonly KnownThumbnail[],
): BankRecord {
  const { frames: _, thumbnails: __, labels, sha256, aspect, ...facts } = revision;
  return {
    ...facts,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(aspect === undefined ? {} : { aspect }),
    ...(thumbnailsOfPart.length === 0 ? {} : { thumbnails: packThumbnails(thumbnailsOfPart).toString('base64') }),
    labels: [...labels],
    part,
    frames: packFrames(framesOfPart).toString('base64'),
  };
}

/** Tombstones for the parts from `fromPart` up to and without `parts`. */
export function tombstones(contentId: string, fromPart: number, parts: number, at: string): NewRecord[] {
  return Array.from({ length: Math.max(0, parts - fromPart) }, (_, index) => {
    const key = bankRecordKey(contentId, fromPart + index);
    const attributes = { id: `${key}@removed/${at}`, source: '/bank', subject: contentId, time: at };
    return { topic: 'bank' as const, key, value: null, headers: cloudEventHeaders('bank', attributes) };
  });
}

const validator = validatorOf(BankRecord, 'The bank record', 'invalid_event');
const partOfKey = /^(.+)#(\d{1,9})$/s;

/** Throws whatever is wrong with a record; the caller counts it and goes on. */
export function readBankRecord(record: LogRecord): BankChange {
  if (record.value === null) {
    const [, contentId, part] = partOfKey.exec(record.key) ?? [];
    if (contentId === undefined) throw new Error(`the key ${JSON.stringify(record.key)} names no part of a content`);
    return { kind: 'tombstone', contentId, part: Number(part) };
  }
  const { buffer, byteOffset, byteLength } = record.value;
  const change = changeOf(JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')));
  if (record.key !== bankRecordKey(change.revision.contentId, change.part)) {
    throw new Error(`the key ${JSON.stringify(record.key)} is not that of its content and part`);
  }
  return change;
}

/** From a record's value. Throws whatever is wrong with it. */
export function changeOf(value: unknown): BankPart {
  const { part, frames, sha256, thumbnails, ...facts } = validator.parse(value);
  if (part >= facts.parts) throw new Error(`there is no part ${part} of ${facts.parts}`);
  const unpacked = unpackFrames(Buffer.from(frames, 'base64'));
  const pictures = thumbnails === undefined ? {} : { thumbnails: unpackThumbnails(Buffer.from(thumbnails, 'base64')) };
  return { kind: 'part', part, revision: { ...facts, ...pictures, sha256, frames: unpacked } };
}
