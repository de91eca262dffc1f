/** Known content to and from the records of the bank log: one record a part, keyed so that compaction keeps the newest. */
import { limits } from '../config/limits.ts';
import { BankRecord, bankRecordKey } from '../contracts/bank.ts';
import { cloudEventHeaders, cloudEventRecord } from '../contracts/cloud-events.ts';
import type { MediaKind } from '../contracts/common.ts';
import {
  checkedThumbnails,
  type Frame,
  packedFrameBytes,
  packedThumbnailBytes,
  packFrames,
  unpackFrames,
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
  /** In order of time; may be empty, and the content is then known by its bytes alone. */
  readonly frames: readonly Frame[];
  /** Width over height; needed where there are views. */
  readonly aspect?: number;
  /** Of deep content: views of its frames as they are packed (contracts/packed-frames.ts). */
  readonly views?: Uint8Array;
  /** Likewise. */
  readonly thumbnails?: Uint8Array;
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
  const pieces = piecesOf(entry, framesPerPart * packedFrameBytes);
  const parts = pieces.length;
  const records = pieces.map((piece, part) => {
    const record = partRecord({ ...entry, ...piece, revision, parts, addedAt }, part);
    return cloudEventRecord('bank', bankRecordKey(entry.contentId, part), record, {
      id: `${bankRecordKey(entry.contentId, part)}@${revision}/${addedAt}`,
      source: '/bank',
      subject: entry.contentId,
      time: addedAt,
    });
  });
  return [...records, ...tombstones(entry.contentId, parts, partsBefore, addedAt)];
}

type Piece = Required<Pick<BankEntry, 'frames' | 'views' | 'thumbnails'>>;
const nothing = new Uint8Array(0);

/** Frames, views and thumbnails, one after the other, in pieces of `bytesMax` or of a single one that is larger. */
function piecesOf({ frames, views = nothing, thumbnails = nothing }: BankEntry, bytesMax: number): Piece[] {
  const pieces: Piece[] = [];
  let [frameAt, viewAt, thumbnailAt] = [0, 0, 0];
  do {
    let room = bytesMax;
    const take = (left: number, each: number): number => {
      const isFirst = room === bytesMax;
      const count = Math.min(left, Math.max(isFirst ? 1 : 0, Math.floor(room / each)));
      room -= count * each;
      return count;
    };
    const frameEnd = frameAt + take(frames.length - frameAt, packedFrameBytes);
    const viewEnd = viewAt + packedFrameBytes * take((views.length - viewAt) / packedFrameBytes, packedFrameBytes);
    const thumbnailsLeft = (thumbnails.length - thumbnailAt) / packedThumbnailBytes;
    const thumbnailEnd = thumbnailAt + packedThumbnailBytes * take(thumbnailsLeft, packedThumbnailBytes);
    pieces.push({
      frames: frames.slice(frameAt, frameEnd),
      views: views.subarray(viewAt, viewEnd),
      thumbnails: thumbnails.subarray(thumbnailAt, thumbnailEnd),
    });
    [frameAt, viewAt, thumbnailAt] = [frameEnd, viewEnd, thumbnailEnd];
  } while (frameAt < frames.length || viewAt < views.length || thumbnailAt < thumbnails.length);
  return pieces;
}

/** One part of a revision, with the frames of the part alone, as its record has it. */
export function partRecord(revisionOfPart: BankRevision, part: number): BankRecord {
  const { frames, views = nothing, thumbnails = nothing, labels, sha256, ...facts } = revisionOfPart;
  return {
    ...facts,
    ...(sha256 === undefined ? {} : { sha256 }),
    labels: [...labels],
    part,
    frames: Buffer.concat([packFrames(frames), views]).toString('base64'),
    ...(thumbnails.length === 0 ? {} : { thumbnails: Buffer.from(thumbnails).toString('base64') }),
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
  const { part, frames, thumbnails, sha256, aspect, ...facts } = validator.parse(value);
  if (part >= facts.parts) throw new Error(`there is no part ${part} of ${facts.parts}`);
  const unpacked = unpackFrames(Buffer.from(frames, 'base64'));
  const revision = {
    ...facts,
    sha256,
    frames: unpacked.frames,
    ...(aspect === undefined ? {} : { aspect }),
    ...(unpacked.views.length === 0 ? {} : { views: unpacked.views }),
    ...(thumbnails === undefined ? {} : { thumbnails: checkedThumbnails(Buffer.from(thumbnails, 'base64')) }),
  };
  return { kind: 'part', part, revision };
}

/** A revision of its parts, in order. */
export function wholeRevision(parts: readonly BankRevision[], last: BankRevision): BankRevision {
  const views = Buffer.concat(parts.map((part) => part.views ?? nothing));
  const thumbnails = Buffer.concat(parts.map((part) => part.thumbnails ?? nothing));
  return {
    ...last,
    frames: parts.flatMap(({ frames }) => frames),
    ...(views.length === 0 ? {} : { views }),
    ...(thumbnails.length === 0 ? {} : { thumbnails }),
  };
}
