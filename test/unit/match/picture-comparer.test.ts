import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { createRandom } from '../../../src/demo/random.ts';
import type { DeepContent } from '../../../src/match/deep-content.ts';
import type { FrameMatch } from '../../../src/match/frame-match.ts';
import { PictureComparer } from '../../../src/match/picture-comparer.ts';
import { fullRegion } from '../../../src/match/region.ts';
import { lineOf } from '../../support/frame-matches.ts';

const stepMs = 1_000;
const frames = 4;

/** Gray at (x, y), each 0 to 1 over the picture. */
type Picture = (x: number, y: number) => number;
/** Where a place of the upload's picture is in the known one. */
type Shift = (x: number, y: number, frame: number) => readonly [number, number];

/** Still waves, and some that wander: seen at each moment differently, and the same for the same seed. */
function sceneOf(seed: number, frame: number): Picture {
  const { between } = createRandom(seed);
  const waves = Array.from({ length: 16 }, () => ({
    across: between(4, 24),
    down: between(4, 24),
    phase: between(0, 6),
    levels: between(6, 20),
    drift: between(-2.5, 2.5),
  }));
  return (x, y) =>
    waves.reduce(
      (gray, { across, down, phase, levels, drift }, at) =>
        gray + levels * Math.sin(across * x + down * y + phase + (at % 2) * drift * frame),
      128,
    );
}

function drawn(picture: Picture, side: number): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, at) => {
    const gray = picture(((at % side) + 0.5) / side, (Math.floor(at / side) + 0.5) / side);
    return Math.min(255, Math.max(0, Math.round(gray)));
  });
}

const known = Array.from({ length: frames }, (_, frame) => drawn(sceneOf(1, frame), limits.knownThumbnailSide));
const deep = {
  contentNumber: 1,
  aspect: 1,
  thumbnailNear: (timeMs: number) => ({ timeMs, pixels: known[Math.round(timeMs / stepMs)] ?? new Uint8Array() }),
} as unknown as DeepContent;

const matchAt = (frame: number): FrameMatch => ({
  uploadTimeMs: frame * stepMs,
  knownTimeMs: frame * stepMs,
  knownUntilMs: frame * stepMs,
  contentNumber: 1,
  dihedral: 0,
  distanceBits: 40 + frame,
  quality: 90,
  uploadHash: new Uint8Array(limits.hashBytes),
});

/** What the pixels say of an upload that shows the scene, each frame moved by `shift`. */
function evidenceOf(seed: number, shift: Shift) {
  const comparer = new PictureComparer();
  const inliers = Array.from({ length: frames }, (_, frame) => matchAt(frame));
  for (const [frame, { uploadTimeMs }] of inliers.entries()) {
    const scene = sceneOf(seed, frame);
    comparer.addThumbnail(
      uploadTimeMs,
      drawn((x, y) => scene(...shift(x, y, frame)), limits.uploadThumbnailSide),
    );
  }
  const placing = { uploadRegion: fullRegion, uploadAspect: 1, form: 0, view: 0 };
  return comparer.compare(lineOf(inliers), placing, deep) ?? { agreement: -1, residualAgreement: -1, change: null };
}

const cropped: Shift = (x, y) => [0.04 + 0.93 * x, 0.03 + 0.93 * y];
const worth = ({ agreement, change }: ReturnType<typeof evidenceOf>) => agreement + (change?.agreement ?? 0);

describe('pictures along a line', () => {
  it('agree, and change alike, when one map brings all of them over each other', () => {
    const { agreement, change } = evidenceOf(1, cropped);
    expect(agreement).toBeGreaterThan(0.9);
    expect(change?.agreement).toBeGreaterThan(0.9);
  });

  it('do not agree when they show something else', () => {
    expect(worth(evidenceOf(2, cropped))).toBeLessThan(1);
  });

  // Goal: most of what is compared agrees so little that nothing more needs to be known of it.
  it('are asked twice only where they agree enough to matter', () => {
    const [alike, other] = [evidenceOf(1, cropped), evidenceOf(2, cropped)];
    expect(alike.residualAgreement).toBeGreaterThan(0.9);
    expect(other.agreement).toBeLessThan(0.35);
    expect(other.residualAgreement).toBeNull();
  });

  // Goal: a camera in a hand is no disguise, and costs a little: leeway lets other content fit better as well.
  it('may shake a little around that map', () => {
    const shaken = evidenceOf(1, (x, y, frame) => {
      const [u, v] = cropped(x, y, frame);
      return [u + 0.02 * Math.sin(2 * frame + 1), v + 0.02 * Math.cos(3 * frame)];
    });
    expect(worth(shaken)).toBeGreaterThan(1.7);
    expect(worth(shaken)).toBeLessThan(worth(evidenceOf(1, cropped)) - 0.05);
  });

  // Goal: heads before one wall can each be fitted by themselves, and that is no copy.
  it('do not agree when each needs a map of its own', () => {
    const away = [0, 0.18, -0.17, 0.16];
    const { change } = evidenceOf(1, (x, y, frame) => [x + (away[frame] ?? 0), y - (away[frame] ?? 0)]);
    expect(change?.agreement).toBeLessThan(0.6);
  });

  it('say nothing where there are none', () => {
    const comparer = new PictureComparer();
    expect(comparer.canCompare).toBe(false);
    comparer.addThumbnail(0, known[0] ?? new Uint8Array());
    expect(comparer.canCompare).toBe(true);
    comparer.reset();
    expect(comparer.canCompare).toBe(false);
  });
});
