/** Contact sheets of misses: a row for each, four frames of the variant and the same moments of its original. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp, { type OverlayOptions } from 'sharp';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { shareOut } from './lanes.ts';
import { type Kind, type Mapping, spread } from './media-files.ts';
import { editsOf } from './report.ts';
import { groupBy } from './score.ts';
import type { Result } from './submit.ts';

const run = promisify(execFile);
const rowsPerSheet = 25;
/** Of each kind; misses beyond it are spread over, and all are in the list of misses. */
const rowsMax = 400;
const framesPerRow: Record<Kind, number> = { video: 4, image: 1 };
const cell = { width: 160, height: 96 };
const labelHeight = 16;
const places = [0.1, 0.37, 0.63, 0.9];

/** Paths of the sheets. */
export async function drawSheets(misses: readonly Result[], folder: string, terminal: Terminal): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(join(folder, name));
  if (spawnSync('ffmpeg', ['-version']).status !== 0) terminal.note('no frames of videos: apt-get install ffmpeg');
  const groups = [...groupBy(misses, ({ upload }) => upload.kind)];
  const sheets = groups.flatMap(([kind, all]) => {
    const rows = spread(all, rowsMax);
    if (rows.length < all.length) terminal.note(`sheets show ${rows.length} of ${all.length} missed ${kind}s`);
    return Array.from({ length: Math.ceil(rows.length / rowsPerSheet) }, (_, at) => ({
      path: join(folder, `missed-${kind}s-${String(at + 1).padStart(2, '0')}.png`),
      rows: rows.slice(at * rowsPerSheet, (at + 1) * rowsPerSheet),
    }));
  });
  const progress = terminal.startProgress('contact sheets', sheets.length);
  await shareOut(sheets, availableParallelism(), async (sheet) => {
    await drawSheet(sheet.rows, sheet.path);
    progress.advance(sheet.path);
  });
  progress.end();
  return sheets.map(({ path }) => path);
}

async function drawSheet(rows: readonly Result[], path: string): Promise<void> {
  const across = 2 * Math.max(...rows.map(({ upload }) => framesPerRow[upload.kind]));
  const width = Math.max(640, across * cell.width);
  const rowHeight = cell.height + labelHeight;
  const parts: OverlayOptions[] = [];
  for (const [at, row] of rows.entries()) {
    const top = at * rowHeight;
    parts.push({ input: label(row, width), left: 0, top });
    const pictures = await picturesOf(row);
    pictures.forEach((input, column) => {
      if (input !== null) parts.push({ input, left: column * cell.width, top: top + labelHeight });
    });
  }
  const canvas = { width, height: rows.length * rowHeight, channels: 3 as const, background: '#202020' };
  await sharp({ create: canvas }).composite(parts).png().toFile(path);
}

function label({ upload, examined, score }: Result, width: number): Buffer {
  const words = `${upload.variant?.id ?? upload.key}: ${editsOf(upload.variant?.edits ?? [])} | ${score.verdict}, ${examined.reason}`;
  const safe = words.replace(/[<>&]/g, ' ').slice(0, Math.floor(width / 6));
  const text = `<text x="3" y="12" font-family="DejaVu Sans" font-size="10" fill="#ffffff">${safe}</text>`;
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${labelHeight}">${text}</svg>`);
}

/** Those of the variant first; null for one that could not be read. */
async function picturesOf({ upload }: Result): Promise<(Buffer | null)[]> {
  const { variant, source } = upload;
  if (upload.kind === 'image') return Promise.all([upload.path, source.path].map(fitImage));
  const [part] = variant?.mapping ?? [];
  const times = momentsOf(part);
  const ofVariant = times.map(({ out }) => frameAt(upload.path, out));
  const ofSource = times.map(({ src }) => originalAt(source.path, Math.round(src * 2) / 2));
  return Promise.all([...ofVariant, ...ofSource]);
}

/** Moments of the variant and of its source that show the same, seconds. */
export function momentsOf(part: Mapping | undefined): { readonly out: number; readonly src: number }[] {
  const { outStart, outEnd, srcStart, srcEnd } = part ?? { outStart: 0, outEnd: 0, srcStart: 0, srcEnd: 0 };
  return places.map((share) => ({
    out: outStart + share * (outEnd - outStart),
    src: srcStart + share * (srcEnd - srcStart),
  }));
}

async function fitImage(path: string): Promise<Buffer | null> {
  const fit = sharp(path, { failOn: 'none' }).rotate();
  return fit
    .resize(cell.width, cell.height, { fit: 'contain' })
    .flatten()
    .png()
    .toBuffer()
    .catch(() => null);
}

/** Most variants show the same moments of an original, whose frames are the dear ones: to half a second, each is cut once. */
const originalFrames = new Map<string, Promise<Buffer | null>>();

function originalAt(path: string, seconds: number): Promise<Buffer | null> {
  const key = `${path} ${seconds}`;
  const frame = originalFrames.get(key) ?? frameAt(path, seconds);
  originalFrames.set(key, frame);
  return frame;
}

async function frameAt(path: string, seconds: number): Promise<Buffer | null> {
  const scale = `scale=${cell.width}:${cell.height}:force_original_aspect_ratio=decrease`;
  const seek = ['-ss', seconds.toFixed(2), '-i', path, '-frames:v', '1', '-vf', scale];
  const args = ['-v', 'error', '-threads', '1', ...seek, '-f', 'image2pipe', '-c:v', 'png', '-'];
  const options = { encoding: 'buffer', timeout: 60_000, maxBuffer: 2 ** 24 } as const;
  const drawn = await run('ffmpeg', args, options).catch(() => null);
  return drawn === null || drawn.stdout.length === 0 ? null : drawn.stdout;
}
