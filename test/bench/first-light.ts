/**
 * The bench "first-light": are plain copies of real media blocked, is nothing else, and how soon?
 *
 * Question: of re-encoded, rescaled, trimmed and mirrored copies, which share is blocked, and is an original blocked by a
 * bank that does not hold its content? Expected: at least 99 % and none; a key frame costs about 10 ms to decode, and
 * three or four frames decide, so a video decision should take well under 150 ms.
 *
 * Fair because: the service runs as its own process behind HTTP, as in use; copies are made before their batch is
 * submitted, so that encoding does not compete with deciding; latency is what the submitter sees, from the request to
 * the answer with the decision, with as many uploads at once as there are cores. The media are not the service's own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../src/cli/client.ts';
import { formatTable, type Terminal } from '../../src/cli/terminal.ts';
import { limits } from '../../src/config/limits.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { createMediaMaker } from '../../src/demo/media-maker.ts';
import { createRandom } from '../../src/demo/random.ts';
import { serveProcess } from '../support/served-process.ts';
import { type Conditions, median, quantile, readConditions } from './conditions.ts';
import { type Copy, makeCopies, planCopies } from './copies.ts';
import { bankAll, bankItem, contentIdOf } from './known-media.ts';
import { loadMediaSet, type MediaItem, relate, resolveMediaFolder } from './media-set.ts';
import { openTerminal } from './terminal.ts';

interface Options {
  readonly json: boolean;
  readonly seed: number;
  readonly videos: number;
  readonly images: number;
}

/** What became of one submission. */
interface Result {
  readonly item: MediaItem;
  /** A kind of edit, or "unrelated" for an original against a bank without it. */
  readonly group: string;
  readonly decision: Decision;
  readonly latencyMs: number;
}

interface Rig {
  readonly client: ApiClient;
  readonly banked: ReadonlySet<MediaItem>;
  readonly terminal: Terminal;
  readonly options: Options;
  readonly items: readonly MediaItem[];
  readonly conditions: Conditions;
  /** Sum of the time in which uploads were submitted, milliseconds. */
  submittingMs: number;
  submitted: number;
}

const batchOriginals = 12;
const waitSeconds = 60;

export async function runFirstLight(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const conditions = readConditions(options.seed);
  const terminal = openTerminal();
  const media = loadMediaSet(resolveMediaFolder(process.env.FLOODGATE_MEDIA));
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-bench-'));
  const served = await serveProcess({
    dataFolder: join(folder, 'data'),
    environment: { FLOODGATE_FILE_ROOTS: `${media.folder}:${folder}`, FLOODGATE_LOG_LEVEL: 'error' },
  });
  try {
    const client = new ApiClient({ url: served.url, token: undefined });
    const items = [...media.videos, ...media.images];
    const banked = await bankAll(items, client, terminal);
    const rig: Rig = { client, banked, terminal, options, items, conditions, submittingMs: 0, submitted: 0 };
    const originals = [
      ...choose(media.videos, options.videos, options.seed),
      ...choose(media.images, options.images, options.seed),
    ];
    const copies = await submitCopies(rig, originals, folder);
    const unrelated = await submitUnrelated(rig);
    report(rig, copies, unrelated);
  } finally {
    await served.stop('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      videos: { type: 'string', default: '1000' },
      images: { type: 'string', default: '240' },
    },
  });
  return {
    json: values.json,
    seed: Number(values.seed),
    videos: Number(values.videos),
    images: Number(values.images),
  };
}

/** So many of them, drawn by the seed, in their order. */
function choose(items: readonly MediaItem[], count: number, seed: number): MediaItem[] {
  if (items.length <= count) return [...items];
  const random = createRandom(seed);
  const drawn = new Set<MediaItem>();
  while (drawn.size < count) drawn.add(random.pick(items));
  return items.filter((item) => drawn.has(item));
}

async function submitCopies(rig: Rig, originals: readonly MediaItem[], folder: string): Promise<Result[]> {
  const maker = createMediaMaker({ processes: availableParallelism() });
  const plans = originals.flatMap((original) => planCopies(original, rig.options.seed));
  const progress = rig.terminal.startProgress('copies', plans.length);
  const results: Result[] = [];
  try {
    const perBatch = batchOriginals * 4;
    for (let from = 0; from < plans.length; from += perBatch) {
      const copies: Copy[] = [];
      const batch = makeCopies({
        maker,
        plans: plans.slice(from, from + perBatch),
        folder,
        ahead: 4,
        onFailure: ({ plan, error }) => progress.say(`${plan.name} could not be made: ${error.message}`),
      });
      for await (const copy of batch) copies.push(copy);
      await submitEach(rig, copies, async (copy) => {
        const result = await submit(rig, copy.path, copy.plan.original, copy.plan.edit);
        progress.advance(copy.plan.name);
        await rm(copy.path);
        results.push(result);
      });
    }
  } finally {
    progress.end();
    await maker.close();
  }
  return results;
}

/** Each original against the bank without its content; afterwards its content is put back. */
async function submitUnrelated(rig: Rig): Promise<Result[]> {
  const progress = rig.terminal.startProgress('unrelated', rig.items.length);
  const results: Result[] = [];
  for (const group of groupByContent(rig.items)) {
    const banked = group.filter((item) => rig.banked.has(item));
    for (const item of banked) await rig.client.removeFromBank(contentIdOf(item));
    await submitEach(rig, group, async (item) => {
      results.push(await submit(rig, item.path, item, 'unrelated'));
      progress.advance(item.id);
    });
    for (const item of banked) await bankItem(item, rig.client);
  }
  progress.end();
  return results;
}

function groupByContent(items: readonly MediaItem[]): MediaItem[][] {
  const groups = new Map<string, MediaItem[]>();
  for (const item of items) groups.set(item.contentId, [...(groups.get(item.contentId) ?? []), item]);
  return [...groups.values()];
}

/** As many at once as there are cores; only this time counts for the rate. */
async function submitEach<T>(rig: Rig, things: readonly T[], work: (thing: T) => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  const queue = [...things];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  rig.submittingMs += performance.now() - startedMs;
  rig.submitted += things.length;
}

async function submit(rig: Rig, path: string, item: MediaItem, group: string): Promise<Result> {
  const startedMs = performance.now();
  const event = {
    uploadId: `${group}/${contentIdOf(item)}`.slice(0, limits.uploadIdCharsMax),
    content: { uri: pathToFileURL(path).href },
  };
  const decision = await rig.client.submitEvent(event, waitSeconds);
  if (decision === undefined) throw new Error(`${group}/${item.id} was not decided within ${waitSeconds} s`);
  return { item, group, decision, latencyMs: performance.now() - startedMs };
}

/** Blocked, and the best match is the very content. */
function isBlockedRightly({ item, decision }: Result, rig: Rig): boolean {
  return decision.outcome === 'block' && kinshipOfBest(item, decision, rig) === 'same-content';
}

function kinshipOfBest(item: MediaItem, decision: Decision, rig: Rig): ReturnType<typeof relate> {
  const best = rig.items.find((each) => contentIdOf(each) === decision.matches[0]?.contentId);
  return best === undefined ? 'unrelated' : relate(item, best);
}

function report(rig: Rig, copies: readonly Result[], unrelated: readonly Result[]): void {
  const { terminal, options, conditions } = rig;
  const blocks = [...copies, ...unrelated].filter((result) => result.decision.outcome === 'block');
  const falseBlocks = blocks.filter(({ item, decision }) => kinshipOfBest(item, decision, rig) === 'unrelated');
  const sameScene = blocks.filter(({ item, decision }) => kinshipOfBest(item, decision, rig) === 'same-scene');
  const latencies = [...copies, ...unrelated].map((result) => result.latencyMs);
  const videoLatencies = [...copies, ...unrelated].flatMap((each) =>
    each.item.kind === 'video' ? each.latencyMs : [],
  );
  for (const line of formatTable(tableOf(copies, unrelated))) terminal.print(line);
  list(
    terminal,
    'copies that were not blocked',
    copies.filter((result) => !isBlockedRightly(result, rig)),
  );
  list(terminal, 'blocked by a clip of the same scene', sameScene);
  list(terminal, 'blocked by something else: false', falseBlocks);
  terminal.print(`conditions: ${JSON.stringify(conditions)}`);
  const summary = {
    copies: copies.length,
    blocked: copies.filter((result) => isBlockedRightly(result, rig)).length,
    unrelated: unrelated.length,
    falseBlocks: falseBlocks.length,
    sameSceneBlocks: sameScene.length,
    medianDecisionMs: round(median(latencies)),
    medianVideoDecisionMs: round(median(videoLatencies)),
    p99DecisionMs: round(quantile(latencies, 0.99)),
    uploadsPerSecond: round((rig.submitted * 1000) / rig.submittingMs),
    copiesHeld: copies.filter((result) => result.decision.outcome === 'review').length,
    unrelatedHeld: unrelated.filter((result) => result.decision.outcome === 'review').length,
    banked: rig.banked.size,
    conditions,
  };
  terminal.print(options.json ? JSON.stringify(summary) : JSON.stringify(summary, null, 2));
}

function tableOf(copies: readonly Result[], unrelated: readonly Result[]): string[][] {
  const rows = [['media', 'edit', 'uploads', 'blocked', 'held', 'allowed', 'median ms', 'p90 ms', 'p99 ms']];
  for (const kind of ['video', 'image'] as const) {
    const ofKind = [...copies, ...unrelated].filter((result) => result.item.kind === kind);
    for (const group of new Set(ofKind.map((result) => result.group))) {
      const results = ofKind.filter((result) => result.group === group);
      const latencies = results.map((result) => result.latencyMs);
      const count = (outcome: string) => String(results.filter((each) => each.decision.outcome === outcome).length);
      const times = [0.5, 0.9, 0.99].map((share) => quantile(latencies, share).toFixed(0));
      rows.push([kind, group, String(results.length), count('block'), count('review'), count('allow'), ...times]);
    }
  }
  return rows;
}

function list(terminal: Terminal, title: string, results: readonly Result[]): void {
  if (results.length === 0) return;
  terminal.print(`${title}:`);
  for (const { item, group, decision } of results) {
    const best = decision.matches[0];
    const evidence =
      best === undefined
        ? ''
        : ` ${best.contentId} ${best.kind} ${best.framesMatched}f ${best.distinctFrames}d ${best.distanceBits}/${best.medianDistanceBits} bits score ${best.score} ${best.matchedSeconds}s`;
    const sampled = `${decision.sampling?.framesUsable ?? 0}/${decision.sampling?.framesSampled ?? 0} usable`;
    terminal.print(`  ${group} ${item.id}: ${decision.outcome} ${decision.reason}, ${sampled}${evidence}`);
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
