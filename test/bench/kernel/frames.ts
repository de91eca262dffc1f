/** The frames that the PDQ rows hash: 512x512, decoded from real media where there are any, else drawn by our own code. */
import sharp from 'sharp';
import { createCanvas } from '../../../src/demo/canvas.ts';
import { knownFilms, renderFilmFrame, unrelatedFilms } from '../../../src/demo/films.ts';
import { createRandom } from '../../../src/demo/random.ts';
import { GrayScaler } from '../../../src/fingerprint/child/gray-scaler.ts';
import { loadVideoBackend } from '../../../src/fingerprint/child/video-backend.ts';
import type { Hasher } from '../../../src/kernel/hasher.ts';
import { makeFrame, patternNames } from '../../support/synthetic-frames.ts';
import { loadMediaSet, type MediaItem, type MediaSet, resolveMediaFolder } from '../media-set.ts';

export interface FrameSet {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly count: number;
  /** One frame after the other. */
  readonly bytes: Uint8Array;
}

export interface BenchFrames {
  readonly rgb: FrameSet;
  readonly gray: FrameSet;
  /** In words, for the table. */
  readonly source: string;
}

const side = 512;
const secondsApart = 0.7;
const framesPerVideo = 2;

export function frameAt(set: FrameSet, at: number): Uint8Array {
  const length = set.width * set.height * set.channels;
  return set.bytes.subarray(at * length, (at + 1) * length);
}

/** RGB from photographs; gray half from videos, as the service scales them, half from photographs. */
export async function loadFrames(count: number, seed: number, say: (line: string) => void): Promise<BenchFrames> {
  const media = findMedia();
  if (media === null) return drawFrames(count);
  const images = shuffle(media.images, seed);
  const rgb = await readImages(images, count, 3);
  const video = await readVideos(shuffle(media.videos, seed), Math.ceil(count / 2), say);
  const gray = [...video, ...(await readImages(images, count - video.length, 1))];
  if (rgb.length === 0 || gray.length === 0) return drawFrames(count);
  return {
    rgb: setOf('rgb', 3, rgb),
    gray: setOf('gray', 1, gray),
    source:
      `real media: RGB of ${rgb.length} photographs; gray of ${video.length} video frames ` +
      `and ${gray.length - video.length} photographs`,
  };
}

function findMedia(): MediaSet | null {
  try {
    return loadMediaSet(resolveMediaFolder(process.env.FLOODGATE_MEDIA));
  } catch {
    return null;
  }
}

function shuffle(items: readonly MediaItem[], seed: number): MediaItem[] {
  const random = createRandom(seed);
  const keyed = items.map((item) => ({ item, key: random.between(0, 1) }));
  return keyed.sort((one, other) => one.key - other.key).map(({ item }) => item);
}

/** An image that cannot be decoded is left out: broken ones are another bench's business. */
async function readImages(images: readonly MediaItem[], count: number, channels: 1 | 3): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (const { path } of images) {
    if (frames.length >= count) break;
    try {
      const image = sharp(path).autoOrient().removeAlpha().resize(side, side, { fit: 'fill' });
      const raw = image.toColourspace(channels === 1 ? 'b-w' : 'srgb').raw();
      const { data, info } = await raw.toBuffer({ resolveWithObject: true });
      if (info.channels === channels) frames.push(new Uint8Array(data));
    } catch {}
  }
  return frames;
}

async function readVideos(videos: readonly MediaItem[], count: number, say: (line: string) => void) {
  const frames: Uint8Array[] = [];
  const { av, missing } = await loadVideoBackend();
  if (av === null) {
    say(missing);
    return frames;
  }
  const { openVideoReader } = await import('../../../src/demo/child/video-reader.ts');
  const scaler = new GrayScaler(av);
  for (const { path } of videos) {
    if (frames.length >= count) break;
    try {
      const reader = openVideoReader(path);
      let taken = 0;
      reader.readEach((frame, seconds) => {
        if (seconds < (taken + 1) * secondsApart) return true;
        const gray = new Uint8Array(side * side);
        scaler.scale(frame, null, bufferHolder(gray));
        frames.push(gray);
        taken++;
        return taken < framesPerVideo && frames.length < count;
      });
      reader.close();
    } catch {}
  }
  scaler.close();
  return frames;
}

/** The scaler writes to a hasher's buffer; here it is only a place to write to. */
function bufferHolder(bytes: Uint8Array): Hasher {
  return { frameBuffer: () => bytes } as unknown as Hasher;
}

function drawFrames(count: number): BenchFrames {
  const films = [...knownFilms, ...unrelatedFilms];
  const canvas = createCanvas(side, side);
  const rgb: Uint8Array[] = [];
  const gray: Uint8Array[] = [];
  for (let at = 0; at < count; at++) {
    const film = films[at % films.length];
    if (film === undefined) continue;
    renderFilmFrame(film, ((at + 0.5) / count) * film.durationSeconds, canvas);
    const pixels = canvas.pixels;
    rgb.push(Uint8Array.from(pixels));
    gray.push(Uint8Array.from({ length: side * side }, (_, pixel) => lumaOf(pixels, pixel * 3)));
  }
  const source = `no media folder: ${count} frames of the demo's own films, RGB and gray`;
  return { rgb: setOf('rgb', 3, rgb), gray: setOf('gray', 1, gray), source };
}

function lumaOf(pixels: Uint8ClampedArray, at: number): number {
  return Math.round(0.299 * (pixels[at] ?? 0) + 0.587 * (pixels[at + 1] ?? 0) + 0.114 * (pixels[at + 2] ?? 0));
}

function setOf(name: string, channels: 1 | 3, frames: readonly Uint8Array[], width = side, height = side): FrameSet {
  const bytes = new Uint8Array(frames.length * width * height * channels);
  frames.forEach((frame, at) => {
    bytes.set(frame, at * width * height * channels);
  });
  return { name, width, height, channels, count: frames.length, bytes };
}

const degenerateShapes = [
  { width: side, height: side, seeds: [1, 2, 3] },
  { width: 64, height: 64, seeds: [1] },
  { width: 100, height: 75, seeds: [1] },
  { width: 640, height: 360, seeds: [1] },
];

/** Flat, symmetric, striped and noisy frames, whose coefficients are rounding noise: here an inexact order shows. */
export function degenerateFrames(): FrameSet[] {
  return degenerateShapes.flatMap(({ width, height, seeds }) =>
    ([1, 3] as const).map((channels) => {
      const frames = patternNames.flatMap((pattern) =>
        seeds.map((seed) => makeFrame({ pattern, seed, width, height, channels }).bytes),
      );
      return setOf(`degenerate-${width}x${height}x${channels}`, channels, frames, width, height);
    }),
  );
}
