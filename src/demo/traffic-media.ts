/** The files that `floodgate traffic` banks and sends: works of the demo, smaller, their copies, and broken ones. */
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createMediaMaker, type MediaMaker } from './media-maker.ts';
import { type CopyPlan, knownWorks, planCopies, unrelatedWorks, type Work } from './programme.ts';
import type { TrafficFile } from './traffic-plan.ts';

export interface TrafficMedia {
  /** To be banked under these ids. */
  readonly known: readonly { readonly contentId: string; readonly path: string }[];
  readonly files: readonly TrafficFile[];
}

const filmSize = { width: 320, height: 180, framesPerSecond: 12 };
const stillSize = { width: 480, height: 320 };
/** Of the films few are drawn: traffic must flow within seconds. */
const filmsMax = 2;

export async function makeTrafficMedia(folder: string, signal: AbortSignal): Promise<TrafficMedia> {
  const maker = createMediaMaker({ processes: availableParallelism() });
  const giveUp = () => void maker.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const withFilms = await maker.videoAvailable();
    const [known, unrelated] = [fewFilms(knownWorks(withFilms)), fewFilms(unrelatedWorks(withFilms))];
    await Promise.all([...known, ...unrelated].map((work) => drawWork(work, folder, maker)));
    const copies = planCopies(known).filter(({ edit }) => !edit.includes('trimmed'));
    await Promise.all(copies.map((copy) => makeCopy(copy, folder, maker)));
    const broken = await breakFiles(folder, known);
    return {
      known: known.map((work) => ({ contentId: contentIdOf(work), path: join(folder, work.fileName) })),
      files: [
        ...copies.map(
          (copy): TrafficFile => ({ path: join(folder, copy.fileName), role: 'copy', copyOf: contentIdOf(copy.of) }),
        ),
        ...unrelated.map((work): TrafficFile => ({ path: join(folder, work.fileName), role: 'unrelated' })),
        ...broken.map((path): TrafficFile => ({ path, role: 'broken' })),
      ],
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
    await maker.close();
  }
}

function contentIdOf(work: Work): string {
  return `traffic/${work.id}`;
}

function fewFilms(works: readonly Work[]): Work[] {
  return [
    ...works.filter(({ kind }) => kind === 'film').slice(0, filmsMax),
    ...works.filter(({ kind }) => kind === 'still'),
  ];
}

async function drawWork(work: Work, folder: string, maker: MediaMaker): Promise<void> {
  const output = join(folder, work.fileName);
  if (work.kind === 'film') {
    await maker.renderFilm({ filmId: work.id, output, ...filmSize, encode: { codec: 'h264', crf: 23 } });
  } else {
    await maker.renderStill({ stillId: work.id, output, ...stillSize, format: 'jpeg' });
  }
}

async function makeCopy(plan: CopyPlan, folder: string, maker: MediaMaker): Promise<void> {
  const paths = { input: join(folder, plan.of.fileName), output: join(folder, plan.fileName) };
  if (plan.kind === 'film') await maker.transcode({ ...paths, edits: plan.edits });
  else await maker.editImage({ ...paths, edits: plan.edits });
}

/** A picture that is cut off within its header, and a text. */
async function breakFiles(folder: string, works: readonly Work[]): Promise<string[]> {
  const still = works.find(({ kind }) => kind === 'still');
  const bytes = still === undefined ? Buffer.alloc(0) : await readFile(join(folder, still.fileName));
  const paths = [join(folder, 'cut-off.jpg'), join(folder, 'text.txt')] as const;
  await writeFile(paths[0], bytes.subarray(0, 300));
  await writeFile(paths[1], 'This is a text and no picture.\n'.repeat(20));
  return [...paths];
}
