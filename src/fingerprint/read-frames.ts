/** Frames and regions as a child says them, believed only field by field. */
import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import { uprightDihedrals } from '../match/form.ts';
import { knownViews, type Region } from '../match/region.ts';
import type { HashedRegion, RegionBatch, SampledFrame, ViewHash } from './fingerprinter.ts';

export type Fields = Record<string, unknown>;

const hashesBytes = dihedralNames.length * limits.hashBytes;
const uprightBytes = uprightDihedrals.length * limits.hashBytes;
const thumbnailBytes: readonly number[] = [limits.uploadThumbnailSide ** 2, limits.knownThumbnailSide ** 2];

/** Of a picture's side: smaller parts are never looked at. */
const sideShareMin = 0.1;
const roundingShare = 1e-9;

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Of pictures that anything could be seen in; maps of regions stay within their bounds. */
export function isAspect(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 / limits.aspectMax && value <= limits.aspectMax;
}

type Message<Kind, Body> = ({ readonly kind: Kind; readonly id: number } & Body) | null;

export function readFrame(said: Fields, id: number): Message<'frame', SampledFrame> {
  const { timeMs, quality } = said;
  const hashes = readBytes(said.hashes, hashesBytes);
  if (!isCount(timeMs) || !isQuality(quality) || hashes === null) return null;
  const frame = { kind: 'frame' as const, id, timeMs, quality, hashes };
  if (said.thumbnail === undefined) return frame;
  const thumbnail = thumbnailBytes.map((bytes) => readBytes(said.thumbnail, bytes)).find((read) => read !== null);
  if (thumbnail === undefined || thumbnail === null) return null;
  if (said.views === undefined) return { ...frame, thumbnail };
  const views = readViews(said.views);
  return views === null ? null : { ...frame, thumbnail, views };
}

export function readRegions(said: Fields, id: number): Message<'regions', RegionBatch> {
  const { timeMs, aspect, regions } = said;
  if (!isCount(timeMs) || !isAspect(aspect)) return null;
  if (!Array.isArray(regions) || regions.length > limits.regionsMax) return null;
  const read = regions.map(readRegion);
  const sound = read.filter((region) => region !== null);
  return sound.length === read.length ? { kind: 'regions', id, timeMs, aspect, regions: sound } : null;
}

function readRegion(said: unknown): HashedRegion | null {
  if (!isRecord(said)) return null;
  const { tier, quality } = said;
  const region = readPlace(said.region);
  const hashes = readBytes(said.hashes, tier === 1 ? hashesBytes : uprightBytes);
  if ((tier !== 1 && tier !== 2) || !isQuality(quality) || region === null || hashes === null) return null;
  return { region, tier, quality, hashes };
}

function readPlace(said: unknown): Region | null {
  if (!isRecord(said)) return null;
  const { left, top, width, height, degrees } = said;
  if (!isShare(left) || !isShare(top) || !isShare(width) || !isShare(height)) return null;
  if (width < sideShareMin || height < sideShareMin) return null;
  if (left + width > 1 + roundingShare || top + height > 1 + roundingShare) return null;
  if (typeof degrees !== 'number' || !(Math.abs(degrees) <= 180)) return null;
  return { left, top, width, height, degrees };
}

function readViews(said: unknown): ViewHash[] | null {
  if (!Array.isArray(said) || said.length > knownViews.length) return null;
  const views = said.map((each: unknown): ViewHash | null => {
    if (!isRecord(each)) return null;
    const { view, quality } = each;
    const hash = readBytes(each.hash, limits.hashBytes);
    if (!isCount(view) || view >= knownViews.length || !isQuality(quality) || hash === null) return null;
    return { view, quality, hash };
  });
  const sound = views.filter((view) => view !== null);
  return sound.length === views.length ? sound : null;
}

function readBytes(said: unknown, bytes: number): Uint8Array | null {
  if (typeof said !== 'string' || said.length > Math.ceil(bytes / 3) * 4) return null;
  const read = new Uint8Array(Buffer.from(said, 'base64'));
  return read.length === bytes ? read : null;
}

function isQuality(value: unknown): value is number {
  return isCount(value) && value <= 100;
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
