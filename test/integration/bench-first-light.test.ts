/**
 * Goal: the bench "first-light" cannot rot, and its last line is what its readers rely on.
 * Method: a tiny media folder, drawn by our own code, in the manifests' format; two files of it show one content.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';
import { knownFilms, knownStills } from '../../src/demo/films.ts';
import { createMediaMaker } from '../../src/demo/media-maker.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-media-'));
  await Promise.all(['videos', 'images'].map((name) => mkdir(join(folder, name))));
  const maker = createMediaMaker({ processes: 2 });
  const films = knownFilms.slice(0, 2);
  const stills = knownStills.slice(0, 2);
  const size = { width: 320, height: 180, framesPerSecond: 12 };
  const codecs = { mp4: { codec: 'h264' }, webm: { codec: 'vp8' } } as const;
  const files = [
    ...films.map((film) => ({ film, extension: 'mp4' as const })),
    { film: films[0], extension: 'webm' as const },
  ];
  const videos = files.flatMap(({ film, extension }) =>
    film === undefined ? [] : [{ film, extension, file: `${film.id}.${extension}` }],
  );
  await Promise.all([
    ...videos.map(({ film, extension, file }) =>
      maker.renderFilm({ filmId: film.id, output: join(folder, 'videos', file), ...size, encode: codecs[extension] }),
    ),
    ...stills.map(({ id }) =>
      maker.renderStill({
        stillId: id,
        output: join(folder, 'images', `${id}.jpg`),
        width: 480,
        height: 320,
        format: 'jpeg',
      }),
    ),
  ]);
  await maker.close();
  await writeManifest(
    'videos',
    videos.map(({ film, file }) => ({ id: file, file, content_id: film.id, duration: film.durationSeconds })),
  );
  await writeManifest(
    'images',
    stills.map(({ id }) => ({ id, file: `${id}.jpg` })),
  );
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

function writeManifest(name: string, items: readonly object[]): Promise<void> {
  return writeFile(join(folder, name, 'manifest.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
}

it('blocks every copy of a tiny set and nothing else, and ends with one JSON object', {
  timeout: 180_000,
}, async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [builtFile('test/bench/main.js'), 'first-light', '--json', '--seed', '5'],
    { env: { PATH: process.env.PATH, FLOODGATE_MEDIA: folder } },
  );
  const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
  // Three videos in four copies, two images in three; each of the five originals against a bank without its content.
  expect(summary).toMatchObject({
    copies: 18,
    blocked: 18,
    unrelated: 5,
    falseBlocks: 0,
    sameSceneBlocks: 0,
    banked: 5,
  });
  for (const key of ['medianDecisionMs', 'medianVideoDecisionMs', 'p99DecisionMs', 'uploadsPerSecond']) {
    expect(summary[key], key).toBeGreaterThan(0);
  }
  expect(summary.conditions).toMatchObject({ seed: 5, node: process.version });
});
