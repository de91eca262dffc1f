/** PDQ of frames in other shapes than 512x512, as they come when nothing scales them: our two paths in turns, and whether they agree. */
import sharp from 'sharp';
import { createHasher } from '../../../src/kernel/load-kernel.ts';
import { median } from '../conditions.ts';
import { type FrameSet, frameAt } from './frames.ts';

export interface ShapeFigures {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly frames: number;
  readonly medianMicros: number;
  /** Reruns count here. */
  readonly meanMicros: number;
  readonly referenceOrderMicros: number;
  readonly reruns: number;
  /** Frames whose hash or quality differs between the paths. */
  readonly mismatches: number;
}

const shapes = [
  [256, 256],
  [640, 360],
  [1280, 720],
  [1920, 1080],
  [2048, 2048],
] as const;
/** A frame of 2048x2048 RGB takes 12 MiB, and 5 ms in reference order. */
const framesMax = 48;

export async function measureShapes(sets: readonly FrameSet[]): Promise<ShapeFigures[]> {
  const figures: ShapeFigures[] = [];
  for (const [width, height] of shapes) {
    for (const set of sets) figures.push(await measureShape(set, width, height));
  }
  return figures;
}

async function measureShape(set: FrameSet, width: number, height: number): Promise<ShapeFigures> {
  const hasher = createHasher();
  const frames = Math.min(set.count, framesMax);
  const fused: number[] = [];
  const inOrder: number[] = [];
  let reruns = 0;
  let mismatches = 0;
  for (let at = 0; at < frames; at++) {
    const raw = { width: set.width, height: set.height, channels: set.channels };
    const scaled = sharp(frameAt(set, at), { raw }).resize(width, height, { fit: 'fill' });
    const space = set.channels === 1 ? 'b-w' : 'srgb';
    hasher.frameBuffer(width, height, set.channels).set(await scaled.toColourspace(space).raw().toBuffer());
    // The first call of each path brings the frame and the tables into the cache.
    hasher.hash();
    const before = hasher.reruns;
    const startedMs = performance.now();
    const fast = hasher.hash();
    const hashedMs = performance.now();
    const slow = hasher.hashInReferenceOrder();
    inOrder.push((performance.now() - hashedMs) * 1000);
    fused.push((hashedMs - startedMs) * 1000);
    reruns += hasher.reruns - before;
    if (Buffer.compare(fast.hash, slow.hash) !== 0 || fast.quality !== slow.quality) mismatches++;
  }
  return {
    width,
    height,
    channels: set.channels,
    frames,
    medianMicros: median(fused),
    meanMicros: fused.reduce((sum, micros) => sum + micros, 0) / frames,
    referenceOrderMicros: median(inOrder),
    reruns,
    mismatches,
  };
}
