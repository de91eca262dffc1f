/**
 * The wave of real media: an incident that the media tool edits, and other clips cut and looped to length by ffmpeg. Both
 * run at a low priority, one process at a time.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Progress, Terminal } from '../../../src/cli/terminal.ts';
import { createRandom, type Random } from '../../../src/demo/random.ts';
import { loadMediaSet, type MediaItem } from '../media-set.ts';
import { shuffled } from './schedule.ts';
import { type MediaWishes, makeOnce, type WaveFile, type WaveMedia } from './wave-media.ts';

/**
 * Thirty seconds at 720p with cuts, still shots and fast motion, so that copies at 480p to 720p are scaled down and never
 * up, and different parts of it look different.
 */
const usualIncident = 'pv000-moviepy-big-buck-bunny-0-30';
const heights = [480, 600, 720] as const;
const [heightMin, heightMax] = [480, 720];
const secondsMin = 10;
const secondsMax = 60;
/** Backgrounds and reaction windows inside copies; few, for the tool looks at each every time. */
const fillersMax = 6;
/** Of each height so many plans are looked through for copies that end up tall enough. */
const plannedMax = 200;

const run = promisify(execFile);

/** What is missing, in words; null when nothing is. */
export function canCutMedia(mediaFolder: string): string | null {
  if (!existsSync(join(mediaFolder, 'videos', 'manifest.jsonl'))) return 'there are no media; set FLOODGATE_MEDIA';
  if (!existsSync(toolOf(mediaFolder))) return 'the media have no tools/make-video-variants.mjs';
  return spawnSync('ffmpeg', ['-version']).status === 0 ? null : 'ffmpeg is not installed';
}

export async function cutMedia(
  wishes: MediaWishes,
  mediaFolder: string,
  cacheFolder: string,
  terminal: Terminal,
): Promise<WaveMedia> {
  const { videos } = loadMediaSet(mediaFolder);
  const usual = videos.find(({ id }) => id === usualIncident);
  const path = wishes.incident ?? usual?.path;
  if (path === undefined) throw new Error(`the media have no ${usualIncident}; name a file with --incident`);
  const own = videos.find((item) => item.path === path);
  // Another film by the same publisher may show the same rooms.
  const others = videos.filter(
    (item) => own === undefined || (item.source !== own.source && item.contentId !== own.contentId),
  );
  const progress = terminal.startProgress('preparing media', wishes.copies + wishes.unrelated);
  const cutter: Cutter = { wishes, progress, tool: toolOf(mediaFolder), incident: path, others };
  const name = basename(path, extname(path));
  const edited = await editCopies(cutter, join(cacheFolder, `copies-${name}-${wishes.seed}`));
  const unrelated = await cutUnrelated(cutter, join(cacheFolder, `unrelated-${wishes.seed}`));
  progress.end();
  return { source: 'real', incident: { path, about: name }, edited, unrelated };
}

interface Cutter {
  readonly wishes: MediaWishes;
  readonly progress: Progress;
  readonly tool: string;
  readonly incident: string;
  readonly others: readonly MediaItem[];
}

function toolOf(mediaFolder: string): string {
  return join(mediaFolder, 'tools', 'make-video-variants.mjs');
}

/** A line of the tool's manifest, as far as it is used. */
interface Variant {
  readonly id: string;
  readonly file: string;
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly edits: readonly Readonly<Record<string, unknown>>[];
}

interface VariantPlan {
  readonly mode: 'ladder' | 'random';
  readonly maxHeight: number;
  readonly index: number;
}

/** Half of them are single edits from the whole ladder, half combinations of two to four. */
async function editCopies(cutter: Cutter, folder: string): Promise<WaveFile[]> {
  await mkdir(folder, { recursive: true });
  const plans = await planVariants(cutter, folder);
  const files: WaveFile[] = [];
  for (const plan of plans) {
    files.push(await editCopy(cutter, folder, plan));
    cutter.progress.advance(files.at(-1)?.about);
  }
  return files;
}

async function planVariants(cutter: Cutter, folder: string): Promise<VariantPlan[]> {
  const { copies } = cutter.wishes;
  const lists: VariantPlan[][] = [];
  for (const mode of ['ladder', 'random'] as const) {
    for (const maxHeight of heights) {
      const fitting = (await dryRun(cutter, folder, mode, maxHeight)).filter(
        ({ height }) => height >= heightMin && height <= heightMax,
      );
      const drawn = shuffled(fitting, createRandom(cutter.wishes.seed));
      lists.push(drawn.map(({ index }) => ({ mode, maxHeight, index })));
    }
  }
  // In turn, and the same ones first, so that more copies are fewer copies and others.
  const longest = Math.max(...lists.map((list) => list.length));
  const inTurn = Array.from({ length: longest }, (_, place) => lists.flatMap((list) => list[place] ?? [])).flat();
  if (inTurn.length < copies) throw new Error(`only ${inTurn.length} edits fit; ask for fewer --copies`);
  return inTurn.slice(0, copies);
}

/** So many of them, evenly from first to last. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, place) => items[Math.floor((place * items.length) / count)] as T);
}

async function dryRun(cutter: Cutter, folder: string, mode: string, maxHeight: number): Promise<Variant[]> {
  const path = join(folder, `plan-${mode}-${maxHeight}.jsonl`);
  await makeOnce(path, async (partial) => {
    const scratch = join(folder, 'plan');
    const stderr = await runTool(cutter, scratch, { mode, maxHeight, start: 0, count: plannedMax }, ['--dry-run']);
    const ladder = Number(/ladder (\d+) single edits/.exec(stderr)?.[1] ?? plannedMax);
    const lines = (await readFile(join(scratch, 'manifest.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
    // Past its end the ladder begins again.
    await writeFile(partial, lines.slice(0, mode === 'ladder' ? ladder : plannedMax).join('\n'));
    await rm(scratch, { recursive: true });
  });
  return (await readFile(path, 'utf8')).split('\n').map((line) => JSON.parse(line) as Variant);
}

async function editCopy(cutter: Cutter, folder: string, { mode, maxHeight, index }: VariantPlan): Promise<WaveFile> {
  const name = `${mode}-${maxHeight}-${index}`;
  const facts = join(folder, `${name}.json`);
  if (!existsSync(facts)) {
    const scratch = join(folder, `making-${name}`);
    await rm(scratch, { recursive: true, force: true });
    await runTool(cutter, scratch, { mode, maxHeight, start: index, count: 1 });
    const variant = JSON.parse(await readFile(join(scratch, 'manifest.jsonl'), 'utf8')) as Variant;
    const file = `${name}${extname(variant.file)}`;
    await rename(join(scratch, variant.file), join(folder, file));
    await writeFile(facts, JSON.stringify({ ...variant, file }));
    await rm(scratch, { recursive: true });
  }
  const { file, width, height, edits } = JSON.parse(await readFile(facts, 'utf8')) as Variant;
  const kinds = edits.map(({ kind }) => kind).join(' + ') || 'none';
  return { path: join(folder, file), about: `${kinds} ${width}x${height} ${name}` };
}

interface ToolRun {
  readonly mode: string;
  readonly maxHeight: number;
  readonly start: number;
  readonly count: number;
}

/** Resolves with what it said on standard error. */
async function runTool(cutter: Cutter, out: string, options: ToolRun, more: readonly string[] = []): Promise<string> {
  const { tool, incident, wishes, others } = cutter;
  const fillers = spread(
    others.filter(({ height, durationSeconds }) => height >= 360 && durationSeconds >= 5),
    fillersMax,
  ).map(({ path }) => path);
  const { stderr } = await run('nice', [
    ...['-n', '15', process.execPath, tool, '--sources', incident, '--fillers', fillers.join(','), '--out', out],
    ...['--mode', options.mode, '--max-height', String(options.maxHeight), '--max-seconds', String(secondsMax)],
    ...['--start', String(options.start), '--count', String(options.count), '--seed', String(wishes.seed)],
    ...more,
  ]);
  return stderr;
}

async function cutUnrelated(cutter: Cutter, folder: string): Promise<WaveFile[]> {
  await mkdir(folder, { recursive: true });
  const sources = cutter.others.filter(({ height, durationSeconds }) => height >= 360 && durationSeconds >= 6);
  const chosen = shuffled(sources, createRandom(cutter.wishes.seed)).slice(0, cutter.wishes.unrelated);
  if (chosen.length < cutter.wishes.unrelated) throw new Error(`the media have only ${chosen.length} other clips`);
  const files: WaveFile[] = [];
  for (const item of chosen) {
    const random = createRandom(cutter.wishes.seed * 1_000_003 + sources.indexOf(item));
    files.push(await cutOne(item, folder, random));
    cutter.progress.advance(files.at(-1)?.about);
  }
  return files;
}

/** As phones and platforms send them: H.264, a key frame every second, every two, or where the encoder wants one. */
async function cutOne(item: MediaItem, folder: string, random: Random): Promise<WaveFile> {
  const seconds = random.whole(secondsMin, secondsMax);
  const height = random.pick(heights);
  const keyFrames = random.pick([['-g', '30'], ['-g', '60'], []]);
  const name = `${item.id}-${height}p-${seconds}s`;
  await makeOnce(join(folder, `${name}.mp4`), async (partial) => {
    await run('nice', [
      ...[
        '-n',
        '15',
        'ffmpeg',
        '-nostdin',
        '-y',
        '-v',
        'error',
        '-threads',
        '1',
        '-stream_loop',
        '-1',
        '-i',
        item.path,
      ],
      ...[
        '-t',
        String(seconds),
        '-an',
        '-sn',
        '-vf',
        `fps=min(source_fps\\,30),scale=-2:${height},setsar=1,format=yuv420p`,
      ],
      ...['-threads', '1', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', ...keyFrames],
      ...['-movflags', '+faststart', '-f', 'mp4', partial],
    ]);
  });
  return { path: join(folder, `${name}.mp4`), about: name };
}
