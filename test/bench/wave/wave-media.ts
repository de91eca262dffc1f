/** The files of the wave. They stay in the cache: what is there is not made again, and what was begun is gone on with. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { packageFile } from '../../../src/config/paths.ts';
import { resolveMediaFolder } from '../media-set.ts';
import { drawMedia } from './drawn-media.ts';
import { canCutMedia, cutMedia } from './real-media.ts';

export interface WaveFile {
  readonly path: string;
  /** What was done to it, or where it is from. */
  readonly about: string;
}

export interface WaveMedia {
  /** real: edited by the media tool. drawn: films of the project's own, with plainer edits. */
  readonly source: 'real' | 'drawn';
  readonly incident: WaveFile;
  readonly edited: readonly WaveFile[];
  readonly unrelated: readonly WaveFile[];
}

export interface MediaWishes {
  readonly seed: number;
  readonly copies: number;
  readonly unrelated: number;
  /** A file to be the incident in place of the usual one. */
  readonly incident: string | undefined;
  /** Real media where they are there. */
  readonly drawn: boolean;
}

export const waveFolder = packageFile('.cache/wave');

export async function prepareMedia(wishes: MediaWishes, terminal: Terminal): Promise<WaveMedia> {
  await mkdir(waveFolder, { recursive: true });
  const mediaFolder = resolveMediaFolder(process.env.FLOODGATE_MEDIA);
  const missing = wishes.drawn ? 'asked for' : canCutMedia(mediaFolder);
  if (missing === null) return cutMedia(wishes, mediaFolder, waveFolder, terminal);
  if (wishes.incident !== undefined) throw new Error(`--incident needs the media tool and ffmpeg: ${missing}`);
  terminal.note(`films of the project's own: ${missing}`);
  return drawMedia(wishes, waveFolder, terminal);
}

/** Makes the file under a name of its own first, so that what is there under its name is whole. */
export async function makeOnce(path: string, make: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  const partial = join(path, '..', `partial-${path.slice(path.lastIndexOf('/') + 1)}`);
  await rm(partial, { force: true });
  await make(partial);
  await rename(partial, path);
}
