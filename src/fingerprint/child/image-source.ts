/** Still and animated images through sharp, as 512 x 512 RGB for the kernel. */
import { fstatSync, readSync } from 'node:fs';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { limits } from '../../config/limits.ts';
import type { Degradation } from '../../contracts/decision.ts';
import type { Hasher } from '../../kernel/hasher.ts';
import type { FingerprintResult } from '../fingerprinter.ts';
import { toErrorText } from './error-text.ts';
import { ContentFailure } from './failure.ts';
import type { FrameSink } from './frame-sink.ts';
import { aspectOf } from './rotation.ts';
import { largestGap, spreadPages } from './sampling.ts';
import type { ImageType } from './sniff.ts';

const side = limits.frameSide;
/** What browsers show for a page that does not say how long it stays. */
const pageMsDefault = 100;
const decodeSecondsMax = 20;

/** Blocks every loader of libvips but those of the six accepted types; SVG above all. Once per child. */
export function prepareImageLoaders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: [
      'VipsForeignLoadJpeg',
      'VipsForeignLoadPng',
      'VipsForeignLoadWebp',
      'VipsForeignLoadHeif',
      'VipsForeignLoadNsgif',
      'VipsForeignLoadTiff',
    ],
  });
  sharp.concurrency(1);
  sharp.cache(false);
}

/** Throws ContentFailure: undecodable, unsupported, too_large. */
export async function sampleImage(
  fd: number,
  type: ImageType,
  hasher: Hasher,
  sink: FrameSink,
): Promise<FingerprintResult> {
  const bytes = readWhole(fd);
  const facts = await readFacts(bytes, type);
  const pages = spreadPages(facts.pages, limits.animatedPagesMax);
  const sampledMs: number[] = [];
  for (const page of pages) {
    if (sink.stopped) break;
    await writeFrame(bytes, page, hasher);
    const { hashes, quality } = hasher.hashDihedral();
    const timeMs = facts.startsMs[page] ?? 0;
    sink.emit({ timeMs, quality, hashes }, facts.aspect);
    sampledMs.push(timeMs);
    await sink.breathe();
  }
  const isTruncated = await isCutOff(bytes, type, facts);
  return {
    media: { kind: 'image', container: type, width: facts.width, height: facts.height },
    aspect: facts.aspect,
    durationMs: facts.durationMs,
    framesSampled: sampledMs.length,
    largestGapMs: facts.durationMs === 0 ? 0 : largestGap(sampledMs, facts.durationMs),
    complete: !sink.stopped,
    degraded: isTruncated ? (['truncated_content'] satisfies Degradation[]) : [],
  };
}

interface ImageFacts {
  readonly width: number;
  readonly height: number;
  /** Width over height of the upright picture. */
  readonly aspect: number;
  readonly pages: number;
  /** When each page is shown; one entry for a still image. */
  readonly startsMs: readonly number[];
  /** 0 for a still image. */
  readonly durationMs: number;
}

function readWhole(fd: number): Buffer {
  const { size } = fstatSync(fd);
  if (size > limits.imageBytesMax) throw new ContentFailure('too_large', `an image of ${size} bytes`);
  const bytes = Buffer.allocUnsafe(size);
  let read = 0;
  while (read < size) {
    const count = readSync(fd, bytes, read, size - read, read);
    if (count === 0) break;
    read += count;
  }
  return bytes.subarray(0, read);
}

async function readFacts(bytes: Buffer, type: ImageType): Promise<ImageFacts> {
  const metadata = await open(bytes, {}).metadata().catch(fail);
  if (!isSniffed(metadata, type)) throw new ContentFailure('unsupported', `${metadata.format} dressed as ${type}`);
  const { width, height } = metadata;
  if (width * height > limits.imagePixelsMax) {
    throw new ContentFailure('too_large', `an image of ${width} x ${height} pixels`);
  }
  const aspect = aspectOf(metadata.autoOrient.width, metadata.autoOrient.height, 1, null);
  const isAnimated = (type === 'gif' || type === 'webp' || type === 'avif') && (metadata.pages ?? 1) > 1;
  if (!isAnimated) return { width, height, aspect, pages: 1, startsMs: [0], durationMs: 0 };
  const pages = metadata.pages ?? 1;
  const startsMs = [0];
  for (let page = 0; page < pages; page++) {
    startsMs.push((startsMs[page] ?? 0) + (metadata.delay?.[page] || pageMsDefault));
  }
  const durationMs = startsMs.pop() ?? 0;
  return { width, height, aspect, pages, startsMs, durationMs };
}

/** libvips sniffs for itself; an answer other than ours would mean that something else is parsed than was allowed. */
function isSniffed({ format }: Metadata, type: ImageType): boolean {
  return format === type || (format === 'heif' && type === 'avif');
}

async function writeFrame(bytes: Buffer, page: number, hasher: Hasher): Promise<void> {
  // Always 512 x 512, also for smaller images: copies of any size then land closest to each other.
  const upright = open(bytes, { page, pages: 1 }).autoOrient().timeout({ seconds: decodeSecondsMax });
  const { data, info } = await upright
    .resize(side, side, { fit: 'fill' })
    .flatten({ background: '#000' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(fail);
  // Luma is taken from RGB in the kernel: sharp's own greyscale is linear-light and moves the hash.
  if (info.channels !== 3 && info.channels !== 1) throw new ContentFailure('undecodable', `${info.channels} channels`);
  hasher.frameBuffer(side, side, info.channels).set(data);
}

/** `none` shows what there is of a damaged file, as browsers do; one bad byte must not hide a copy. */
function open(bytes: Buffer, page: { page?: number; pages?: number }, failOn: 'none' | 'truncated' = 'none'): Sharp {
  return sharp(bytes, { failOn, limitInputPixels: limits.imagePixelsMax, sequentialRead: true, ...page });
}

/** Looks for the end mark that each format has, and decodes strictly only when it is not where it should be. */
async function isCutOff(bytes: Buffer, type: ImageType, { pages }: ImageFacts): Promise<boolean> {
  if (hasEnd(bytes, type)) return false;
  const strict = open(bytes, { page: pages - 1, pages: 1 }, 'truncated').timeout({ seconds: decodeSecondsMax });
  return strict
    .resize(8, 8, { fit: 'fill' })
    .raw()
    .toBuffer()
    .then(
      () => false,
      () => true,
    );
}

function hasEnd(bytes: Buffer, type: ImageType): boolean {
  if (type === 'jpeg') return bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9;
  if (type === 'png') return bytes.toString('latin1', bytes.length - 8, bytes.length - 4) === 'IEND';
  if (type === 'gif') return bytes.at(-1) === 0x3b;
  if (type === 'webp') return bytes.readUInt32LE(4) + 8 <= bytes.length;
  return false;
}

function fail(error: unknown): never {
  const text = toErrorText(error);
  if (/pixel limit/i.test(text)) throw new ContentFailure('too_large', 'more pixels than are accepted');
  throw new ContentFailure('undecodable', text.split('\n', 1)[0] ?? text);
}
