/**
 * Makes the default variants with the media tools, once: one folder a source below `.cache/variants/seed-N/`, which git
 * ignores. A source that is finished is not made again; one that was cut off is made from its start.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Progress, Terminal } from '../../../src/cli/terminal.ts';
import { packageFile } from '../../../src/config/paths.ts';
import { shareOut } from './lanes.ts';
import type { Kind, MediaFile } from './media-files.ts';
import { videoSources } from './scenes.ts';

export interface MakingPlan {
  readonly kind: Kind;
  readonly source: MediaFile;
  /** Name of the source's folder in the cache. */
  readonly name: string;
  readonly count: number;
}

interface Making {
  readonly media: string;
  readonly cache: string;
  readonly seed: number;
  readonly terminal: Terminal;
}

const videoCount = 200;
const imageCount = 160;
const videoFlags = ['--max-height', '360', '--max-seconds', '30'];
const font = '/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf';

export function planMaking(files: readonly MediaFile[], kinds: readonly Kind[], images: number): MakingPlan[] {
  const videos = videoSources.flatMap(({ key }) => {
    const source = files.find(({ id, kind }) => kind === 'video' && (id === key || id.startsWith(`${key}-`)));
    return source === undefined ? [] : [{ kind: 'video' as const, source, name: key, count: videoCount }];
  });
  const photographs = files.filter(({ kind }) => kind === 'image').slice(0, images);
  const plans = [
    ...videos,
    ...photographs.map((source) => ({ kind: 'image' as const, source, name: source.id, count: imageCount })),
  ];
  return plans.filter(({ kind }) => kinds.includes(kind));
}

export function folderOf({ kind, name }: MakingPlan, cache: string, seed: number): string {
  return join(cache, `seed-${seed}`, `${kind}s`, name);
}

/** Throws before any work when something is missing that the tools need, and says what to install. */
export async function makeVariants(plans: readonly MakingPlan[], making: Making): Promise<void> {
  const due = plans.filter((plan) => !isFinished(folderOf(plan, making.cache, making.seed), plan.count));
  if (due.length === 0) return;
  requireTools(due, making.media);
  const total = due.reduce((sum, { count }) => sum + count, 0);
  const progress = making.terminal.startProgress('making variants', total);
  try {
    // The video tool runs as many encoders as there are cores by itself; the image tool is one process of one thread.
    for (const plan of due.filter(({ kind }) => kind === 'video')) await makeOne(plan, making, progress);
    const images = due.filter(({ kind }) => kind === 'image');
    await shareOut(images, availableParallelism(), (plan) => makeOne(plan, making, progress));
  } finally {
    progress.end();
  }
}

function isFinished(folder: string, count: number): boolean {
  if (existsSync(join(folder, 'finished'))) return true;
  const manifest = join(folder, 'manifest.jsonl');
  return existsSync(manifest) && readFileSync(manifest, 'utf8').trim().split('\n').length >= count;
}

function requireTools(due: readonly MakingPlan[], media: string): void {
  const missing: string[] = [];
  if (!existsSync(toolOf('video', media)))
    missing.push(`the media tools in ${join(media, 'tools')}: set FLOODGATE_MEDIA`);
  if (!existsSync(font)) missing.push('the font DejaVu Sans: apt-get install fonts-dejavu-core');
  const needsVideo = due.some(({ kind }) => kind === 'video');
  const absent = ['ffmpeg', 'ffprobe'].filter((name) => spawnSync(name, ['-version']).status !== 0);
  if (needsVideo && absent.length > 0) missing.push(`${absent.join(' and ')}: apt-get install ffmpeg`);
  if (missing.length > 0) throw new Error(`variants cannot be made without ${missing.join('; ')}`);
}

function toolOf(kind: Kind, media: string): string {
  return join(media, 'tools', `make-${kind}-variants.mjs`);
}

async function makeOne(plan: MakingPlan, making: Making, progress: Progress): Promise<void> {
  const folder = folderOf(plan, making.cache, making.seed);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const sources = join(folder, 'source.jsonl');
  const { id, path, contentId } = plan.source;
  writeFileSync(sources, `${JSON.stringify({ id, file: path, kind: plan.kind, content_id: contentId })}\n`);
  const flags =
    plan.kind === 'video'
      ? [...videoFlags, '--jobs', String(availableParallelism()), '--keep-going']
      : ['--sharp', packageFile('.'), '--keep-going'];
  const fillers = join(making.media, `${plan.kind}s`, 'manifest.jsonl');
  const given = ['--sources', sources, '--fillers', fillers, '--out', folder];
  const numbers = ['--count', String(plan.count), '--seed', String(making.seed)];
  const stop = watchFolder(folder, plan, progress);
  try {
    await runTool([toolOf(plan.kind, making.media), ...given, ...numbers, ...flags], progress);
  } finally {
    stop();
  }
  writeFileSync(join(folder, 'finished'), '');
}

/** The tools say little while they work; the files that appear say more. */
function watchFolder(folder: string, plan: MakingPlan, progress: Progress): () => void {
  let seen = 0;
  const advanceTo = (count: number) => {
    for (; seen < Math.min(count, plan.count); seen++) progress.advance(plan.source.id);
  };
  const look = () => advanceTo(readdirSync(folder).filter((name) => name.startsWith(`${plan.source.id}-`)).length);
  const timer = setInterval(look, 1_000);
  return () => {
    clearInterval(timer);
    advanceTo(plan.count);
  };
}

/** Variants that fail are said, and the others kept: the count of the run shows how many there are. */
async function runTool(args: readonly string[], progress: Progress): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let last = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    last = line;
    if (line.startsWith('FAILED')) progress.say(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`the media tool ended with code ${code}: ${last}`);
}
