/**
 * The media of a run, read from folders: originals and unrelated files, and the variants that the media tools made.
 *
 * A folder with a `manifest.jsonl` is what its lines say; one without is its media files; folders inside count as well.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { limits } from '../../../src/config/limits.ts';
import { scenesOf } from './scenes.ts';

export type Kind = 'video' | 'image';

export interface MediaFile {
  readonly id: string;
  readonly kind: Kind;
  readonly path: string;
  /** Files of one contentId show the same content. */
  readonly contentId: string;
  /** Names of the scenes that it shows; clips that share one may match without it being a mistake. */
  readonly scenes: readonly string[];
}

export interface Edit {
  readonly kind: string;
  readonly [parameter: string]: unknown;
}

/** Seconds; outside of it the variant shows nothing of its source. */
export interface Mapping {
  readonly outStart: number;
  readonly outEnd: number;
  readonly srcStart: number;
  readonly srcEnd: number;
}

export interface Variant {
  readonly id: string;
  readonly kind: Kind;
  readonly path: string;
  /** As the manifest has it; `resolveSources` finds the file. */
  readonly sourceId: string;
  readonly sourceFile: string;
  readonly group: 'single' | 'combo' | 'control';
  readonly edits: readonly Edit[];
  readonly mapping: readonly Mapping[];
  readonly fillerIds: readonly string[];
}

const kinds: Record<Kind, RegExp> = {
  video: /\.(mp4|webm|mkv|mov|avi|m4v|ogv|mpe?g|ts|wmv|flv)$/i,
  image: /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i,
};

/** Known content is named by printable ASCII without spaces, whatever a manifest calls it. */
export function knownIdOf(id: string): string {
  return encodeURIComponent(id).slice(-limits.contentIdCharsMax);
}

function kindOfName(name: string): Kind | undefined {
  return (['video', 'image'] as const).find((kind) => kinds[kind].test(name));
}

type Fields = Readonly<Record<string, unknown>>;

/** Originals or unrelated files. Throws when there are none. */
export function readMediaFolder(folder: string): MediaFile[] {
  const found = readTree(folder, (fields, at) => toMediaFile(fields, at), listMedia);
  if (found.length === 0) throw new Error(`${folder} has no media files, and no manifest.jsonl that names some`);
  return found;
}

/** Variants need their manifests: without the edits and the source there is nothing to score. */
export function readVariantFolder(folder: string): Variant[] {
  const found = readTree(folder, toVariant, () => []);
  if (found.length === 0) throw new Error(`${folder} has no manifest.jsonl with variants, as the media tools write it`);
  return found;
}

function readTree<T>(
  folder: string,
  parse: (fields: Fields, folder: string) => T | undefined,
  list: (folder: string) => T[],
): T[] {
  if (!existsSync(folder)) throw new Error(`${folder} is not there`);
  const manifest = join(folder, 'manifest.jsonl');
  if (existsSync(manifest)) {
    const lines = readFileSync(manifest, 'utf8').split('\n');
    return lines.flatMap((line) => parse(parseObject(line), folder) ?? []);
  }
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const inside = folders.map((entry) => entry.name).sort();
  return [...list(folder), ...inside.flatMap((name) => readTree(join(folder, name), parse, list))];
}

function listMedia(folder: string): MediaFile[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => toMediaFile({ file, id: basename(file, extname(file)) }, folder) ?? []);
}

/** Undefined for a line that is not whole, as the last one of a manifest that is being written, and for absent files. */
function toMediaFile(fields: Fields, folder: string): MediaFile | undefined {
  const file = text(fields, 'file');
  const kind = readKind(fields, file);
  if (file === '' || kind === undefined || !existsSync(join(folder, file))) return undefined;
  const id = text(fields, 'id') || basename(file, extname(file));
  const facts = { id, source: text(fields, 'source'), sceneId: text(fields, 'scene_id') };
  const contentId = text(fields, 'content_id') || id;
  return { id, kind, path: join(folder, file), contentId, scenes: scenesOf(facts) };
}

function toVariant(fields: Fields, folder: string): Variant | undefined {
  const file = text(fields, 'file');
  const kind = readKind(fields, file);
  const sourceId = text(fields, 'source_id');
  if (file === '' || sourceId === '' || kind === undefined || !existsSync(join(folder, file))) return undefined;
  const edits = objects(fields.edits).map((edit) => ({ ...edit, kind: text(edit, 'kind') }));
  const group = text(fields, 'group');
  return {
    id: text(fields, 'id') || basename(file, extname(file)),
    kind,
    path: join(folder, file),
    sourceId,
    sourceFile: text(fields, 'source_file'),
    group: group === 'single' || group === 'combo' || group === 'control' ? group : groupOf(edits.length),
    edits,
    mapping: objects(fields.mapping).map((part) => ({
      outStart: number(part, 'out_start'),
      outEnd: number(part, 'out_end'),
      srcStart: number(part, 'src_start'),
      srcEnd: number(part, 'src_end'),
    })),
    fillerIds: Array.isArray(fields.filler_ids) ? fields.filler_ids.filter((id) => typeof id === 'string') : [],
  };
}

function groupOf(edits: number): Variant['group'] {
  if (edits === 0) return 'control';
  return edits === 1 ? 'single' : 'combo';
}

/** Pairs variants with their originals: by id, or else by the name of the source's file. */
export function resolveSources(
  variants: readonly Variant[],
  originals: readonly MediaFile[],
): { readonly sourced: Map<Variant, MediaFile>; readonly orphans: readonly Variant[] } {
  const byName = new Map(originals.map((original) => [basename(original.path), original]));
  const byId = new Map(originals.map((original) => [original.id, original]));
  const sourced = new Map<Variant, MediaFile>();
  for (const variant of variants) {
    const source = byId.get(variant.sourceId) ?? byName.get(basename(variant.sourceFile));
    if (source !== undefined) sourced.set(variant, source);
  }
  return { sourced, orphans: variants.filter((variant) => !sourced.has(variant)) };
}

/** So many of them, spread evenly over the list; all when there are no more. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return items.filter(
    (_, at) => Math.floor((at * count) / items.length) !== Math.floor(((at - 1) * count) / items.length),
  );
}

function readKind(fields: Fields, file: string): Kind | undefined {
  const word = text(fields, 'kind');
  return word === 'video' || word === 'image' ? word : kindOfName(file);
}

function parseObject(line: string): Fields {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function objects(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
