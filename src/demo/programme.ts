/** What the demo banks and what it submits: the plan, as data. */
import type { Decision } from '../contracts/decision.ts';
import { knownFilms, knownStills, unrelatedFilms, unrelatedStills } from './films.ts';
import type { EditImageRequest, TranscodeRequest } from './media-job.ts';

/** Something of the programme as a file: a film or a still. */
export interface Work {
  readonly id: string;
  readonly title: string;
  readonly kind: 'film' | 'still';
  readonly fileName: string;
}

/** An edited copy of a known work. */
export type CopyPlan = {
  readonly of: Work;
  /** What was done to it, in words. */
  readonly edit: string;
  readonly fileName: string;
} & (
  | { readonly kind: 'film'; readonly edits: TranscodeRequest['edits'] }
  | { readonly kind: 'still'; readonly edits: EditImageRequest['edits'] }
);

/** One upload of the demo, and whether it must be blocked, and as what. */
export interface DemoUpload {
  readonly uploadId: string;
  readonly path: string;
  readonly copyOf: Work | null;
}

export interface DemoResult {
  readonly upload: DemoUpload;
  readonly decision: Decision;
}

export const filmSize = { width: 480, height: 270, framesPerSecond: 24 };
export const stillSize = { width: 960, height: 640 };

export function knownWorks(withFilms: boolean): Work[] {
  return [...(withFilms ? knownFilms.map(filmWork) : []), ...knownStills.map(stillWork)];
}

export function unrelatedWorks(withFilms: boolean): Work[] {
  return [...(withFilms ? unrelatedFilms.map(filmWork) : []), ...unrelatedStills.map(stillWork)];
}

export function planCopies(works: readonly Work[]): CopyPlan[] {
  return works.flatMap((work) => (work.kind === 'film' ? filmCopies(work) : stillCopies(work)));
}

function filmWork({ id, title }: { id: string; title: string }): Work {
  return { id, title, kind: 'film', fileName: `${id}.mp4` };
}

function stillWork({ id, title }: { id: string; title: string }): Work {
  return { id, title, kind: 'still', fileName: `${id}.jpg` };
}

function filmCopies(of: Work): CopyPlan[] {
  const plain = { codec: 'h264', crf: 26 } as const;
  const copy = (edit: string, extension: string, edits: TranscodeRequest['edits']): CopyPlan => ({
    of,
    edit,
    kind: 'film',
    fileName: `${of.id}--${edit.replaceAll(' ', '-')}.${extension}`,
    edits,
  });
  return [
    copy('re-encoded', 'webm', { encode: { codec: 'vp8' } }),
    copy('scaled', 'mp4', { encode: { codec: 'h264', crf: 32 }, scale: { height: 144 } }),
    copy('trimmed', 'mkv', { encode: plain, trimStartSeconds: 2.7, trimEndSeconds: 1.9 }),
    copy('mirrored', 'mov', { encode: plain, mirror: true }),
    copy('mirrored and trimmed', 'mp4', { encode: plain, mirror: true, trimStartSeconds: 3.3, scale: { factor: 0.7 } }),
  ];
}

function stillCopies(of: Work): CopyPlan[] {
  const copy = (edit: string, extension: string, edits: EditImageRequest['edits']): CopyPlan => ({
    of,
    edit,
    kind: 'still',
    fileName: `${of.id}--${edit}.${extension}`,
    edits,
  });
  return [
    copy('re-encoded', 'webp', { format: 'webp', quality: 55 }),
    copy('scaled', 'jpg', { format: 'jpeg', quality: 70, scale: 0.4 }),
    copy('mirrored', 'png', { format: 'png', mirror: true }),
  ];
}
