/** Plain copies of real media, as re-uploaders make them: re-encoded, rescaled, trimmed, mirrored. Seeded. */
import { join } from 'node:path';
import type { ImageEdits, VideoCodec, VideoEdits } from '../../src/demo/media-job.ts';
import type { MediaMaker } from '../../src/demo/media-maker.ts';
import { createRandom, type Random } from '../../src/demo/random.ts';
import type { MediaItem } from './media-set.ts';

export type EditKind = 're-encoded' | 'rescaled' | 'trimmed' | 'mirrored';

/** Trimming is for video only. */
const videoEditKinds: readonly EditKind[] = ['re-encoded', 'rescaled', 'trimmed', 'mirrored'];
const imageEditKinds: readonly EditKind[] = ['re-encoded', 'rescaled', 'mirrored'];

export type CopyPlan = {
  readonly original: MediaItem;
  readonly edit: EditKind;
  /** File name of the copy, unique in a run. */
  readonly name: string;
} & ({ readonly kind: 'video'; readonly edits: VideoEdits } | { readonly kind: 'image'; readonly edits: ImageEdits });

export interface Copy {
  readonly plan: CopyPlan;
  readonly path: string;
  readonly bytes: number;
}

export interface FailedCopy {
  readonly plan: CopyPlan;
  readonly error: Error;
}

/** A copy keeps its height up to this; the trimmed and the mirrored ones are scaled down to it for the sake of time. */
const copyHeightMax = 480;
const copyRateMax = 30;
/** What a trim leaves at least, where the original is long enough. */
const keptSecondsMin = 3;

const containers: Record<VideoCodec, string> = {
  h264: 'mp4',
  hevc: 'mp4',
  vp9: 'webm',
  vp8: 'webm',
  av1: 'mkv',
  mpeg4: 'avi',
  mpeg2video: 'ts',
};

/** One plan per kind of edit. The same original and seed give the same plans, whatever else is in the run. */
export function planCopies(original: MediaItem, seed: number): CopyPlan[] {
  const kinds = original.kind === 'video' ? videoEditKinds : imageEditKinds;
  return kinds.map((edit) => {
    const random = createRandom(seed ^ hashText(`${original.id} ${edit}`));
    return original.kind === 'video' ? planVideo(original, edit, random) : planImage(original, edit, random);
  });
}

function planVideo(original: MediaItem, edit: EditKind, random: Random): CopyPlan {
  const edits = chooseVideoEdits(original, edit, random);
  const name = `${edit}-${toFileName(original.id)}.${containers[edits.encode.codec]}`;
  return { original, edit, name, kind: 'video', edits };
}

function chooseVideoEdits(original: MediaItem, edit: EditKind, random: Random): VideoEdits {
  const common = { heightMax: copyHeightMax, framesPerSecondMax: copyRateMax };
  const plain = { codec: 'h264', crf: random.whole(24, 28) } as const;
  switch (edit) {
    case 're-encoded':
      return { ...common, encode: chooseEncoding(random) };
    case 'rescaled': {
      const small = original.height > 0 && original.height < 300;
      const scale = small || random.chance(0.5) ? { factor: 0.6 } : { height: random.pick([240, 288, 360]) };
      return { ...common, encode: plain, scale };
    }
    case 'trimmed':
      return { ...common, encode: plain, ...chooseTrims(original.durationSeconds, random) };
    case 'mirrored':
      return { ...common, encode: plain, mirror: true };
  }
}

/** Mostly H.264 at a low rate, since that is what platforms serve; the others so that each decoder is met. */
function chooseEncoding(random: Random): VideoEdits['encode'] {
  const codec = random.pick(['h264', 'h264', 'h264', 'vp9', 'vp8', 'hevc', 'mpeg4'] as const);
  return codec === 'h264' ? { codec, crf: random.whole(30, 34) } : { codec };
}

/** About a third off the start and up to a sixth off the end, less of both where little would be left. */
function chooseTrims(durationSeconds: number, random: Random): { trimStartSeconds: number; trimEndSeconds: number } {
  const start = durationSeconds * random.between(0.28, 0.36);
  const end = durationSeconds * random.between(0.05, 0.16);
  const room = Math.max(0.3, durationSeconds - keptSecondsMin);
  const less = Math.min(1, room / Math.max(start + end, 1e-6));
  return { trimStartSeconds: roundTo(start * less, 0.01), trimEndSeconds: roundTo(end * less, 0.01) };
}

function roundTo(value: number, step: number): number {
  return Math.round(value / step) * step;
}

function planImage(original: MediaItem, edit: EditKind, random: Random): CopyPlan {
  const edits = chooseImageEdits(edit, random);
  const name = `${edit}-${toFileName(original.id)}.${edits.format}`;
  return { original, edit, name, kind: 'image', edits };
}

function chooseImageEdits(edit: EditKind, random: Random): ImageEdits {
  const webp = { format: 'webp', quality: random.whole(55, 75) } as const;
  if (edit === 're-encoded') return random.chance(0.5) ? { format: 'jpeg', quality: 60 } : webp;
  return { format: 'jpeg', quality: 85, ...(edit === 'rescaled' ? { scale: 0.5 } : { mirror: true }) };
}

/** Letters and digits of an id, so that it names a file; FNV-1a keeps ids apart that differ in other signs. */
function toFileName(id: string): string {
  return `${id.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 60)}-${hashText(id).toString(16)}`;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (const unit of Buffer.from(text)) hash = Math.imul(hash ^ unit, 0x01000193) >>> 0;
  return hash;
}

export interface MakeCopiesOptions {
  readonly maker: MediaMaker;
  readonly plans: readonly CopyPlan[];
  /** An existing folder for the copies; whoever takes a copy deletes its file. */
  readonly folder: string;
  /** Copies made ahead of the one being taken. */
  readonly ahead: number;
  /** Called for an original that could not be copied; the others go on. */
  readonly onFailure: (failed: FailedCopy) => void;
}

/** Yields each copy in the order of the plans as soon as it and those before it are made. */
export async function* makeCopies(options: MakeCopiesOptions): AsyncGenerator<Copy> {
  const pending: Promise<Copy | FailedCopy>[] = [];
  let next = 0;
  const refill = (): void => {
    for (; pending.length <= options.ahead && next < options.plans.length; next++) {
      const plan = options.plans[next];
      if (plan !== undefined) pending.push(makeCopy(options.maker, plan, options.folder));
    }
  };
  refill();
  for (let made = pending.shift(); made !== undefined; made = pending.shift()) {
    refill();
    const copy = await made;
    if ('error' in copy) options.onFailure(copy);
    else yield copy;
  }
}

async function makeCopy(maker: MediaMaker, plan: CopyPlan, folder: string): Promise<Copy | FailedCopy> {
  const [input, output] = [plan.original.path, join(folder, plan.name)];
  try {
    const request = { input, output };
    const made =
      plan.kind === 'video'
        ? await maker.transcode({ ...request, edits: plan.edits })
        : await maker.editImage({ ...request, edits: plan.edits });
    return { plan, path: made.path, bytes: made.bytes };
  } catch (error) {
    return { plan, error: error instanceof Error ? error : new Error(String(error)) };
  }
}
