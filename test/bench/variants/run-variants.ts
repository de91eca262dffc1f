/**
 * The bench "variants": are edited copies of known content found, and is nothing else?
 *
 * Question: of copies with one of 25 kinds of video edits or 21 kinds of image edits, and of two to four together, which
 * share is blocked, which at least held, and how often is an upload blocked by content that it does not show?
 *
 * Fair because: the engine is that of `floodgate check` under the default policy, with nothing tuned to these media; a
 * block counts by its content, not by its mere being; every banked file is submitted too, against the bank without its
 * own content, since its bytes would otherwise be recognised before a frame is looked at; peers answer on the same files
 * with the rules that they ship; a kind of edit that is missed stands in the table like any other.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { packageFile } from '../../../src/config/paths.ts';
import { readConditions } from '../conditions.ts';
import { resolveMediaFolder } from '../media-set.ts';
import { openTerminal } from '../terminal.ts';
import { type Calibration, calibrate } from './calibration.ts';
import { type Engine, withEngine } from './engine.ts';
import { type Run, summarise } from './figures.ts';
import { folderOf, makeVariants, planMaking } from './make-variants.ts';
import {
  type Kind,
  type MediaFile,
  readMediaFolder,
  readVariantFolder,
  resolveSources,
  spread,
  type Variant,
} from './media-files.ts';
import { askPeers, type PeerAnswers } from './peers.ts';
import { toLines } from './report.ts';
import { groupBy } from './score.ts';
import { drawSheets } from './sheets.ts';
import { type BankedFiles, bankAll, planBanked, planVariants, type Result, submitAll } from './submit.ts';

interface Options {
  readonly json: boolean;
  readonly seed: number;
  readonly originals: string | undefined;
  readonly variants: string | undefined;
  readonly unrelated: string | undefined;
  readonly kinds: readonly Kind[];
  /** Variants of each source, and ten times as many banked files of each kind that are submitted. */
  readonly limit: number;
  /** Photographs that variants are made of. */
  readonly images: number;
  readonly peers: boolean;
  readonly sheets: boolean;
  readonly calibrate: boolean;
}

interface Media {
  readonly originals: readonly MediaFile[];
  readonly unrelated: readonly MediaFile[];
  readonly sourced: ReadonlyMap<Variant, MediaFile>;
  readonly orphans: number;
}

const cache = packageFile('.cache/variants');
const bankedPerLimit = 10;

export async function runVariants(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const terminal = openTerminal();
  const startedMs = performance.now();
  const conditions = readConditions(options.seed);
  const media = await gatherMedia(options, terminal);
  const { files, results, policyVersion } = await withEngine(terminal, (engine) =>
    examineMedia(media, options, engine, terminal),
  );
  const peers = options.peers ? await besidePeers(files, results, terminal) : null;
  const seconds = (performance.now() - startedMs) / 1000;
  const { banked, refused } = files;
  const run: Run = { results, banked, refused, orphans: media.orphans, peers, conditions, policyVersion, seconds };
  for (const line of toLines(run)) terminal.print(line);
  const written = writeFiles(results);
  const misses = results.filter(isMissed);
  const sheets = options.sheets ? await drawSheets(misses, join(cache, 'sheets'), terminal) : [];
  for (const path of sheets) terminal.print(`sheet: ${path}`);
  const calibration = options.calibrate ? await calibrateKinds(media, options, terminal) : null;
  const summary = { ...summarise(run, written), calibration };
  terminal.print(options.json ? JSON.stringify(summary) : JSON.stringify(summary, null, 2));
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      originals: { type: 'string' },
      variants: { type: 'string' },
      unrelated: { type: 'string' },
      only: { type: 'string' },
      limit: { type: 'string' },
      images: { type: 'string', default: '60' },
      peers: { type: 'string', default: 'on' },
      sheets: { type: 'string', default: 'on' },
      calibrate: { type: 'boolean', default: false },
    },
  });
  if ((values.originals === undefined) !== (values.variants === undefined)) {
    throw new Error('--originals and --variants go together');
  }
  const only = values.only === undefined ? undefined : oneOf('only', values.only, ['video', 'image'] as const);
  return {
    json: values.json,
    seed: wholeNumber('seed', values.seed, 0),
    originals: values.originals,
    variants: values.variants,
    unrelated: values.unrelated,
    kinds: only === undefined ? ['video', 'image'] : [only],
    limit: values.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber('limit', values.limit, 1),
    images: wholeNumber('images', values.images, 0),
    peers: oneOf('peers', values.peers, ['on', 'off'] as const) === 'on',
    sheets: oneOf('sheets', values.sheets, ['on', 'off'] as const) === 'on',
    calibrate: values.calibrate,
  };
}

function oneOf<const Value extends string>(name: string, text: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === text);
  if (found === undefined) throw new Error(`--${name} is ${values.join(' or ')}, not ${text}`);
  return found;
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min) return value;
  throw new Error(`--${name} takes whole numbers from ${min}, not ${text}`);
}

async function gatherMedia(options: Options, terminal: Terminal): Promise<Media> {
  const given = options.originals === undefined ? await makeMedia(options, terminal) : readMedia(options);
  const wanted = ({ kind }: { readonly kind: Kind }) => options.kinds.includes(kind);
  const originals = given.originals.filter(wanted);
  const variants = [...groupBy(given.variants.filter(wanted), ({ sourceId }) => sourceId).values()];
  const limited = variants.flatMap((ofSource) => spread(ofSource, options.limit));
  const { sourced, orphans } = resolveSources(limited, originals);
  if (orphans.length > 0) {
    const named = orphans.slice(0, 3).map(({ id }) => id);
    terminal.note(`${orphans.length} variants have no original here and are left out: ${named.join(', ')} ...`);
  }
  const unrelated = othersThan(originals, given.unrelated.filter(wanted));
  return { originals, unrelated, sourced, orphans: orphans.length };
}

/** The files that are not among the originals; one that has only its id in common with an original gets another. */
function othersThan(originals: readonly MediaFile[], files: readonly MediaFile[]): MediaFile[] {
  const paths = new Map(originals.map(({ id, path }) => [id, path]));
  return files.flatMap((file) => {
    if (paths.get(file.id) === file.path) return [];
    return [paths.has(file.id) ? { ...file, id: `unrelated/${file.id}` } : file];
  });
}

interface Given {
  readonly originals: readonly MediaFile[];
  readonly unrelated: readonly MediaFile[];
  readonly variants: readonly Variant[];
}

function readMedia({ originals = '', variants = '', unrelated }: Options): Given {
  return {
    originals: readMediaFolder(resolve(originals)),
    variants: readVariantFolder(resolve(variants)),
    unrelated: unrelated === undefined ? [] : readMediaFolder(resolve(unrelated)),
  };
}

/** The default: variants of four clips and sixty photographs; everything else in the media folder is unrelated. */
async function makeMedia(options: Options, terminal: Terminal): Promise<Given> {
  const media = resolveMediaFolder(process.env.FLOODGATE_MEDIA);
  const folders = options.kinds.map((kind) => join(media, `${kind}s`));
  const absent = folders.filter((folder) => !existsSync(folder));
  if (absent.length > 0) {
    const remedy = 'set FLOODGATE_MEDIA to a folder with videos, images and tools, or give --originals and --variants';
    throw new Error(`there are no media in ${absent.join(', ')}: ${remedy}`);
  }
  const files = folders.flatMap((folder) => readMediaFolder(folder));
  const plans = planMaking(files, options.kinds, options.images);
  if (plans.length === 0) throw new Error(`${media} has none of the default sources; give --originals and --variants`);
  await makeVariants(plans, { media, cache, seed: options.seed, terminal });
  const sources = new Set(plans.map(({ source }) => source));
  const unrelated = options.unrelated === undefined ? files.filter((file) => !sources.has(file)) : [];
  return {
    originals: [...sources],
    variants: plans.flatMap((plan) => readVariantFolder(folderOf(plan, cache, options.seed))),
    unrelated: options.unrelated === undefined ? unrelated : readMediaFolder(resolve(options.unrelated)),
  };
}

interface Outcome {
  readonly files: BankedFiles;
  readonly results: readonly Result[];
  readonly policyVersion: string;
}

async function examineMedia(media: Media, options: Options, engine: Engine, terminal: Terminal): Promise<Outcome> {
  const known = [...media.originals, ...media.unrelated];
  const files = await bankAll(known, engine, terminal);
  const submitted = options.kinds.flatMap((kind) =>
    spread(
      known.filter((file) => file.kind === kind),
      options.limit * bankedPerLimit,
    ),
  );
  const uploads = [...planVariants(media.sourced, files.banked), ...planBanked(submitted, files.banked)];
  const results = await submitAll(uploads, files.banked, engine, terminal);
  return { files, results, policyVersion: engine.policyVersion };
}

/** How near other content comes to a block, by kind. */
async function calibrateKinds(
  { originals, unrelated, sourced }: Media,
  { kinds, seed }: Options,
  terminal: Terminal,
): Promise<Partial<Record<Kind, Calibration>>> {
  const found: Partial<Record<Kind, Calibration>> = {};
  const input = { known: [...originals, ...unrelated], sourced, seed };
  for (const kind of kinds) found[kind] = await calibrate(input, kind, terminal);
  return found;
}

async function besidePeers(
  { banked, digests }: BankedFiles,
  results: readonly Result[],
  terminal: Terminal,
): Promise<PeerAnswers | null> {
  const known = [...banked.values()].map(({ id, kind, path }) => ({ id, kind, path, sha256: digests.get(id) ?? '' }));
  const uploads = results.map(({ upload, examined }) => ({
    id: upload.key,
    kind: upload.kind,
    path: upload.path,
    hidden: upload.hidden,
    sha256: examined.sha256,
  }));
  return askPeers(known, uploads, terminal);
}

function isMissed({ upload, score }: Result): boolean {
  return upload.variant !== null && score.verdict === 'missed';
}

/** One line an upload, and the ids of the misses, below the cache. */
function writeFiles(results: readonly Result[]): { readonly results: string; readonly misses: string } {
  mkdirSync(cache, { recursive: true });
  const written = { results: join(cache, 'results.jsonl'), misses: join(cache, 'misses.txt') };
  writeFileSync(written.results, results.map((result) => `${JSON.stringify(toRow(result))}\n`).join(''));
  const misses = results.filter(isMissed).map(({ upload }) => `${upload.variant?.id}\n`);
  writeFileSync(written.misses, misses.join(''));
  return written;
}

function toRow({ upload, examined, score, cpuMs }: Result): Record<string, unknown> {
  const { variant, source, kind } = upload;
  return {
    id: variant?.id ?? source.id,
    role: variant === null ? 'banked' : 'variant',
    kind,
    source: source.id,
    path: upload.path,
    group: variant?.group ?? null,
    edits: variant?.edits ?? [],
    mapping: variant?.mapping ?? [],
    ...score,
    outcome: examined.outcome,
    reason: examined.reason,
    frames: examined.framesSampled,
    ms: Math.round(examined.ms),
    cpuMs: cpuMs === null ? null : Math.round(cpuMs * 10) / 10,
    best: examined.matches[0]?.match ?? null,
    others: examined.matches.slice(1).map(({ match, outcome }) => ({ contentId: match.contentId, outcome })),
  };
}
