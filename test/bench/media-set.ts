/** The media that a measurement runs on: what a folder's manifests say about its videos and images. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageFile } from '../../src/config/paths.ts';

export interface MediaItem {
  readonly id: string;
  readonly kind: 'video' | 'image';
  readonly path: string;
  /** Items of one contentId show the same content. Without one in the manifest, every item is its own. */
  readonly contentId: string;
  /** Where it came from, for example a repository; '' when the manifest does not say. */
  readonly source: string;
  /** What kind of thing it shows, in the manifest's own words; '' when the manifest does not say. */
  readonly subject: string;
  /** 0 for an image, and when the manifest does not say. */
  readonly durationSeconds: number;
  /** 0 when the manifest does not say. */
  readonly width: number;
  readonly height: number;
}

export interface MediaSet {
  readonly folder: string;
  readonly videos: readonly MediaItem[];
  readonly images: readonly MediaItem[];
}

export type Kinship = 'same-content' | 'same-scene' | 'unrelated';

/** `given` is FLOODGATE_MEDIA; left out, ../shared/media beside the repository. */
export function resolveMediaFolder(given: string | undefined): string {
  return resolve(packageFile('.'), given === undefined || given === '' ? '../shared/media' : given);
}

/** Lines that cannot be read and files that are not there are left out. Throws when the folder has no manifest at all. */
export function loadMediaSet(folder: string): MediaSet {
  const videos = readManifest(folder, 'videos', 'video');
  const images = readManifest(folder, 'images', 'image');
  if (videos === null && images === null) {
    throw new Error(`${folder} has neither videos/manifest.jsonl nor images/manifest.jsonl; set FLOODGATE_MEDIA.`);
  }
  return { folder, videos: videos ?? [], images: images ?? [] };
}

function readManifest(folder: string, name: string, kind: MediaItem['kind']): MediaItem[] | null {
  const path = join(folder, name, 'manifest.jsonl');
  if (!existsSync(path)) return null;
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => readItem(line, join(folder, name), kind) ?? []);
}

function readItem(line: string, folder: string, kind: MediaItem['kind']): MediaItem | null {
  const fields = parseObject(line);
  const file = text(fields, 'file');
  if (file === '' || !existsSync(join(folder, file))) return null;
  const id = text(fields, 'id') || file;
  return {
    id,
    kind,
    path: join(folder, file),
    contentId: text(fields, 'content_id') || id,
    source: text(fields, 'source'),
    subject: text(fields, 'content'),
    durationSeconds: number(fields, 'duration'),
    width: number(fields, 'width'),
    height: number(fields, 'height'),
  };
}

function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function text(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function number(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** Catch-all words for a subject: clips under them have nothing in common that a picture would show. */
const vagueSubjects = new Set(['', 'natural', 'mixed', 'other']);

/**
 * How two items are related, from the manifest alone.
 *
 * Nobody has marked which clips were shot in one room. But a repository that publishes several clips of one narrow
 * subject (its robot's table, its screen, its laboratory cage) films them with one set-up, so that a hit between two of
 * them may well be the table rather than a mistake. Clips of a vague subject, or of different repositories, have no such
 * excuse, and neither have photographs: a hit between those counts as false.
 */
export function relate(one: MediaItem, other: MediaItem): Kinship {
  if (one.contentId === other.contentId) return 'same-content';
  const bothVideos = one.kind === 'video' && other.kind === 'video';
  const oneSetUp = one.source !== '' && one.source === other.source && one.subject === other.subject;
  return bothVideos && oneSetUp && !vagueSubjects.has(one.subject) ? 'same-scene' : 'unrelated';
}
