/** Banks the known files and submits the uploads: first a sample one at a time for its CPU time, then the rest in lanes. */
import { availableParallelism } from 'node:os';
import type { Terminal } from '../../../src/cli/terminal.ts';
import type { Engine, Examined } from './engine.ts';
import { shareOut } from './lanes.ts';
import { type Kind, knownIdOf, type MediaFile, spread, type Variant } from './media-files.ts';
import { type Banked, type Score, scoreAnswer, type Truth, truthOf } from './score.ts';

/** A variant, or a banked file against the bank without its content. */
export interface Upload {
  readonly key: string;
  readonly kind: Kind;
  readonly path: string;
  readonly variant: Variant | null;
  /** What it shows: the original of a variant, or the banked file itself. */
  readonly source: MediaFile;
  /** Ids of banked files that it is matched without. */
  readonly hidden: readonly string[];
  readonly truth: Truth;
}

export interface Result {
  readonly upload: Upload;
  readonly examined: Examined;
  readonly score: Score;
  /** Milliseconds of all processes; null outside of the sample. */
  readonly cpuMs: number | null;
}

const variantSample = 100;
const bankedSample = 40;

export interface BankedFiles {
  readonly banked: Banked;
  readonly digests: ReadonlyMap<string, string>;
  readonly refused: readonly string[];
}

/** What cannot be read is said and left out. Files of the same bytes are the same content, whatever their manifests say. */
export async function bankAll(files: readonly MediaFile[], engine: Engine, terminal: Terminal): Promise<BankedFiles> {
  const digests = new Map<string, string>();
  const refused: string[] = [];
  const progress = terminal.startProgress('banking', files.length);
  await shareOut(files, availableParallelism(), async (file) => {
    try {
      digests.set(file.id, await engine.learn(file.path, knownIdOf(file.id)));
    } catch (error) {
      refused.push(file.id);
      progress.say(`${file.id} could not be banked: ${error instanceof Error ? error.message : error}`);
    }
    progress.advance(file.id);
  });
  progress.end();
  const contents = new Map<string, string>();
  const banked = new Map<string, MediaFile>();
  for (const file of files) {
    const digest = digests.get(file.id);
    if (digest === undefined) continue;
    const contentId = contents.get(digest) ?? file.contentId;
    contents.set(digest, contentId);
    banked.set(file.id, { ...file, contentId });
  }
  return { banked, digests, refused };
}

/**
 * A variant is matched without its fillers: an upload that one of these blocks is decided, and nobody looks for what else
 * it shows.
 */
export function planVariants(sourced: ReadonlyMap<Variant, MediaFile>, banked: Banked): Upload[] {
  const all = [...banked.values()];
  return [...sourced].map(([variant, original]) => {
    const source = banked.get(original.id) ?? original;
    const truth = truthOf(source, variant.fillerIds, banked);
    const fillers = all.filter(({ contentId }) => truth.fillers.has(contentId) && contentId !== truth.contentId);
    const hidden = fillers.map(({ id }) => id);
    return { key: `variant/${variant.id}`, kind: variant.kind, path: variant.path, variant, source, hidden, truth };
  });
}

/** Variants against a bank without what they are made of: how near does other content come, when nothing decides early? */
export function planWithoutSource(sourced: ReadonlyMap<Variant, MediaFile>, banked: Banked): Upload[] {
  return planVariants(sourced, banked).map((upload) => {
    const own = [...banked.values()].filter(({ contentId }) => contentId === upload.truth.contentId);
    return {
      ...upload,
      key: `without-source/${upload.variant?.id}`,
      hidden: [...upload.hidden, ...own.map(({ id }) => id)],
    };
  });
}

export function planBanked(files: readonly MediaFile[], banked: Banked): Upload[] {
  const all = [...banked.values()];
  return files.map((file) => {
    const source = banked.get(file.id) ?? file;
    const hidden = all.filter(({ contentId }) => contentId === source.contentId).map(({ id }) => id);
    const truth = truthOf(source, [], banked);
    return { key: `banked/${file.id}`, kind: file.kind, path: file.path, variant: null, source, hidden, truth };
  });
}

export async function submitAll(
  uploads: readonly Upload[],
  banked: Banked,
  engine: Engine,
  terminal: Terminal,
): Promise<Result[]> {
  const names = new Map([...banked.keys()].map((id) => [knownIdOf(id), id]));
  const sample = new Set(sampleOf(uploads));
  const progress = terminal.startProgress('examining', uploads.length);
  const results = new Map<Upload, Result>();
  const submit = async (upload: Upload) => {
    const cpuBeforeMs = engine.cpuMs();
    const examined = await engine.examine(upload.path, new Set(upload.hidden.map(knownIdOf)));
    const cpuMs = sample.has(upload) ? engine.cpuMs() - cpuBeforeMs : null;
    results.set(upload, { upload, examined, score: score(examined, upload, banked, names), cpuMs });
    progress.advance(upload.key);
  };
  await shareOut([...sample], 1, submit);
  const others = uploads.filter((upload) => !sample.has(upload));
  await shareOut(others, availableParallelism(), submit);
  progress.end();
  return uploads.flatMap((upload) => results.get(upload) ?? []);
}

function sampleOf(uploads: readonly Upload[]): Upload[] {
  return (['video', 'image'] as const).flatMap((kind) => {
    const ofKind = uploads.filter((upload) => upload.kind === kind);
    const variants = ofKind.filter(({ variant }) => variant !== null);
    const others = ofKind.filter(({ variant }) => variant === null);
    return [...spread(variants, variantSample), ...spread(others, bankedSample)];
  });
}

function score(examined: Examined, upload: Upload, banked: Banked, names: ReadonlyMap<string, string>): Score {
  const matched = examined.matches.map(({ match, outcome }) => ({
    id: names.get(match.contentId) ?? match.contentId,
    blocks: outcome === 'block',
  }));
  const { outcome, reason } = examined;
  return scoreAnswer({ outcome, reason, matched }, upload.truth, banked);
}
