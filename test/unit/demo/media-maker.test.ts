// Goal: the copies that the demo and the bench rely on are what they claim to be: as long, as large and the right way
// round. One small film is made once, and edited; a copy is looked at by drawing a still of known halves.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtFile } from '../../../src/config/paths.ts';
import { findFilm, knownStills } from '../../../src/demo/films.ts';
import type { MadeVideo } from '../../../src/demo/media-job.ts';
import { createMediaMaker } from '../../../src/demo/media-maker.ts';

const maker = createMediaMaker({ processes: 1 });
// Its first shot is far from symmetrical.
const film = findFilm('far-orbit');
const still = knownStills[0] ?? expect.fail('there is no still');
const videoAvailable = await maker.videoAvailable();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-media-maker-'));
});
afterAll(async () => {
  await maker.close();
  await rm(folder, { recursive: true });
});

/** Mean brightness of the left and of the right half, 0 to 255. */
async function measureHalves(path: string): Promise<{ left: number; right: number }> {
  const { data } = await sharp(path)
    .resize(2, 1, { fit: 'fill' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { left: data[0] ?? 0, right: data[1] ?? 0 };
}

const readColumns = `
  import { openVideoReader } from ${JSON.stringify(pathToFileURL(builtFile('src/demo/child/video-reader.js')).href)};
  const reader = openVideoReader(process.argv[1]);
  reader.readEach((frame) => {
    const [luma] = frame.data;
    const columns = Array.from({ length: 8 }, () => 0);
    for (let row = 0; row < frame.height; row++)
      for (let column = 0; column < frame.width; column++)
        columns[Math.floor((column * 8) / frame.width)] += luma[row * frame.linesize[0] + column];
    console.log(JSON.stringify(columns.map((sum) => (sum * 8) / (frame.width * frame.height))));
    return false;
  });
  reader.close();`;

/** Mean brightness of eight columns of the first frame, decoded in a process of its own. */
async function measureColumns(path: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', readColumns, path]);
  return JSON.parse(stdout) as number[];
}

describe('images', () => {
  it('are drawn, re-encoded, scaled and mirrored', async () => {
    const halves = join(folder, 'halves.png');
    const white = await sharp({ create: { width: 100, height: 120, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const black = sharp({ create: { width: 200, height: 120, channels: 3, background: '#000' } });
    await black
      .composite([{ input: white, left: 0, top: 0 }])
      .png()
      .toFile(halves);
    const output = join(folder, 'mirrored.webp');
    const made = await maker.editImage({ input: halves, output, edits: { format: 'webp', scale: 0.5, mirror: true } });
    expect(made).toMatchObject({ width: 100, height: 60 });
    const { left, right } = await measureHalves(output);
    expect(left).toBeLessThan(60);
    expect(right).toBeGreaterThan(195);
  });

  it('show a still of the programme', async () => {
    const output = join(folder, 'still.jpg');
    const made = await maker.renderStill({ stillId: still.id, output, width: 320, height: 240, format: 'jpeg' });
    expect(made).toMatchObject({ path: output, width: 320, height: 240 });
    expect((await readFile(output)).length).toBe(made.bytes);
  });
});

describe('a job that fails', () => {
  it('names the file and the reason, and the next job goes on', async () => {
    const input = join(folder, 'no-image.jpg');
    await writeFile(input, 'this is text');
    const output = join(folder, 'never.jpg');
    await expect(maker.editImage({ input, output, edits: { format: 'jpeg' } })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/edit-image .*never\.jpg.*unsupported image format/s),
    });
    expect(await maker.videoAvailable()).toBe(videoAvailable);
  });

  it('is refused once the maker is closed', async () => {
    const other = createMediaMaker({ processes: 1 });
    await other.close();
    await expect(other.videoAvailable()).rejects.toMatchObject({ code: 'internal' });
  });
});

describe.runIf(videoAvailable)('videos (node-av is installed)', () => {
  let original: MadeVideo;
  beforeAll(async () => {
    const output = join(folder, 'original.mp4');
    const size = { width: 160, height: 90, framesPerSecond: 12 };
    original = await maker.renderFilm({ filmId: film.id, output, ...size, encode: { codec: 'h264' } });
  });

  it('are as long as the film', () => {
    expect(original).toMatchObject({ width: 160, height: 90, frames: Math.round(film.durationSeconds * 12) });
  });

  it('lose what is trimmed, at both ends', async () => {
    const output = join(folder, 'trimmed.mkv');
    const edits = { encode: { codec: 'mpeg4' }, trimStartSeconds: 3, trimEndSeconds: 1 } as const;
    const made = await maker.transcode({ input: original.path, output, edits });
    expect(made.durationSeconds).toBeCloseTo(original.durationSeconds - 4, 0);
  });

  it('swap left and right when mirrored, and are as long', async () => {
    const output = join(folder, 'mirrored.mp4');
    const edits = { encode: { codec: 'h264' }, mirror: true } as const;
    const made = await maker.transcode({ input: original.path, output, edits });
    expect(made.frames).toBe(original.frames);
    const before = await measureColumns(original.path);
    const after = await measureColumns(output);
    const difference = (other: number[]) =>
      Math.max(...before.map((mean, index) => Math.abs(mean - (other[index] ?? 0))));
    expect(difference(after.toReversed())).toBeLessThan(4);
    expect(difference(after)).toBeGreaterThan(12);
  });

  it('keep even sides and the rate asked for when scaled', async () => {
    const output = join(folder, 'scaled.webm');
    const edits = { encode: { codec: 'vp8' }, scale: { factor: 0.61 }, framesPerSecond: 6 } as const;
    const made = await maker.transcode({ input: original.path, output, edits });
    expect(made).toMatchObject({ width: 98, height: 54 });
    expect(made.frames / made.durationSeconds).toBe(6);
    expect(made.durationSeconds).toBeCloseTo(original.durationSeconds, 0);
  });

  it('say so when the trims leave nothing', async () => {
    const output = join(folder, 'nothing.mp4');
    const edits = { encode: { codec: 'h264' }, trimStartSeconds: 60 } as const;
    await expect(maker.transcode({ input: original.path, output, edits })).rejects.toThrow(/no frame was left/);
  });
});
