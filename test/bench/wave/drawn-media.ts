/** The wave where there are no real media: films of the demo, and plain copies of one. It runs wherever the demo does. */
import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { knownFilms, unrelatedFilms } from '../../../src/demo/films.ts';
import type { VideoEdits } from '../../../src/demo/media-job.ts';
import { createMediaMaker } from '../../../src/demo/media-maker.ts';
import { createRandom } from '../../../src/demo/random.ts';
import { type MediaWishes, makeOnce, type WaveFile, type WaveMedia } from './wave-media.ts';

const filmSize = { width: 1280, height: 720, framesPerSecond: 24 };
const containers = { h264: '.mp4', vp8: '.webm', vp9: '.webm', mpeg4: '.avi' } as const;

export async function drawMedia(wishes: MediaWishes, cacheFolder: string, terminal: Terminal): Promise<WaveMedia> {
  const folder = join(cacheFolder, `drawn-${wishes.seed}`);
  await mkdir(folder, { recursive: true });
  const maker = createMediaMaker({ processes: 1 });
  const unrelatedIds = [...unrelatedFilms, ...knownFilms.slice(1)].map(({ id }) => id).slice(0, wishes.unrelated);
  const progress = terminal.startProgress('drawing films', wishes.copies + unrelatedIds.length + 1);
  const render = async (filmId: string, size: typeof filmSize): Promise<WaveFile> => {
    const path = join(folder, `${filmId}-${size.height}p.mp4`);
    await makeOnce(path, async (partial) => {
      await maker.renderFilm({ filmId, output: partial, ...size, encode: { codec: 'h264', crf: 23 } });
    });
    progress.advance(filmId);
    return { path, about: filmId };
  };
  try {
    if (!(await maker.videoAvailable())) throw new Error('video can be neither cut nor drawn here: install node-av');
    const incident = await render(knownFilms[0]?.id ?? '', filmSize);
    const edited: WaveFile[] = [];
    for (const { name, edits } of planEdits(wishes)) {
      const path = join(folder, name);
      await makeOnce(path, async (output) => void (await maker.transcode({ input: incident.path, output, edits })));
      progress.advance(name);
      edited.push({ path, about: name.slice(0, -extname(name).length) });
    }
    const unrelated: WaveFile[] = [];
    const small = { ...filmSize, width: 854, height: 480 };
    for (const [index, id] of unrelatedIds.entries())
      unrelated.push(await render(id, index % 2 === 0 ? small : filmSize));
    return { source: 'drawn', incident, edited, unrelated };
  } finally {
    progress.end();
    await maker.close();
  }
}

/** Scaled, trimmed, mirrored and re-encoded in all combinations, drawn by the seed. */
export function planEdits({ copies, seed }: MediaWishes): { name: string; edits: VideoEdits }[] {
  const random = createRandom(seed);
  return Array.from({ length: copies }, (_, index) => {
    const codec = random.pick(['h264', 'h264', 'h264', 'vp8', 'vp9', 'mpeg4'] as const);
    const height = random.pick([480, 600, 720]);
    const mirror = random.chance(0.4);
    const trims = random.chance(0.5)
      ? { trimStartSeconds: random.whole(5, 30) / 10, trimEndSeconds: random.whole(5, 20) / 10 }
      : {};
    const edits: VideoEdits = { encode: { codec }, scale: { height }, mirror, ...trims };
    const words = [
      codec,
      `${height}p`,
      ...(mirror ? ['mirrored'] : []),
      ...('trimStartSeconds' in trims ? ['trimmed'] : []),
    ];
    return { name: `copy-${index}-${words.join('-')}${containers[codec]}`, edits };
  });
}
