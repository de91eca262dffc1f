/** From a file to known content: sampled densely, at the rate its bank sets. Used over HTTP and on the command line. */
import { createHash } from 'node:crypto';
import { limits } from '../config/limits.ts';
import type { BankContent } from '../contracts/bank.ts';
import type { HashedFrame } from '../contracts/common.ts';
import type { MediaFacts } from '../contracts/decision.ts';
import { type Frame, packFrames, packThumbnails, packViews } from '../contracts/packed-frames.ts';
import type { Policy } from '../contracts/policy.ts';
import { bankPolicyOf } from '../decision/policy.ts';
import type { Fingerprinter, SampledFrame } from '../fingerprint/fingerprinter.ts';
import type { BankEntry } from './bank-records.ts';
import type { LiveBank } from './live-bank.ts';

const defaultBank = 'default';
const idHexChars = 32;

export interface EnrolParts {
  readonly bank: Pick<LiveBank, 'add'>;
  readonly fingerprinter: Pick<Fingerprinter, 'fingerprint'>;
  readonly policy: () => Policy;
}

/** What the caller says of the content; what is left out is derived from it. */
export interface EnrolFacts {
  readonly contentId?: string;
  readonly bank?: string;
  readonly labels?: readonly string[];
}

export interface EnrolFile extends EnrolFacts {
  readonly path: string;
  /** Of the bytes, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly signal?: AbortSignal;
}

/** What is kept of the frames of a file, packed as they come: a deep hour has a third of a million hashes. */
class EnrolledFrames {
  readonly frames: Frame[] = [];
  readonly #views: Buffer[] = [];
  readonly #thumbnails: Buffer[] = [];

  add(frame: SampledFrame): void {
    const { quality, hashes, thumbnail, views = [] } = frame;
    const timeMs = Math.round(frame.timeMs);
    this.frames.push({ timeMs, quality, hash: hashes.slice(0, limits.hashBytes) });
    if (views.length === 0) return;
    this.#views.push(packViews(views.map((view) => ({ timeMs, ...view }))));
    if (thumbnail !== undefined) this.#thumbnails.push(packThumbnails([{ timeMs, pixels: thumbnail }]));
  }

  /** Nothing of it when no frame had views. */
  deepSide(
    { width, height }: MediaFacts,
    aspect: number | undefined,
  ): Pick<BankEntry, 'aspect' | 'views' | 'thumbnails'> {
    if (this.#views.length === 0) return {};
    return {
      views: Buffer.concat(this.#views),
      ...(this.#thumbnails.length > 0 ? { thumbnails: Buffer.concat(this.#thumbnails) } : {}),
      ...(aspect !== undefined ? { aspect } : width && height ? { aspect: width / height } : {}),
    };
  }
}

/**
 * Adds the content of a file; resolves once it is searchable. Content without a frame of enough detail is known by its
 * bytes alone, and the answer says so (`framesIndexed` is 0). Throws what fingerprinting and `LiveBank.add` throw.
 */
export async function enrolFile(parts: EnrolParts, file: EnrolFile): Promise<BankContent> {
  const bank = file.bank ?? defaultBank;
  const { framesPerSecond, depth } = bankPolicyOf(parts.policy(), bank);
  let enrolled = new EnrolledFrames();
  const { media, aspect, durationMs } = await parts.fingerprinter.fingerprint({
    path: file.path,
    mode: { kind: 'dense', framesPerSecond, views: depth === 'deep' },
    timeoutMs: limits.enrolTimeoutMs,
    onFrame(frame) {
      enrolled.add(frame);
      return 'more';
    },
    onRestart() {
      enrolled = new EnrolledFrames();
    },
    ...(file.signal === undefined ? {} : { signal: file.signal }),
  });
  return parts.bank.add({
    contentId: file.contentId ?? `sha256:${file.sha256.slice(0, idHexChars)}`,
    bank,
    labels: file.labels ?? [],
    kind: media.kind,
    sha256: file.sha256,
    durationMs: Math.round(durationMs),
    framesPerSecond: media.kind === 'image' ? 0 : framesPerSecond,
    frames: enrolled.frames,
    ...enrolled.deepSide(media, aspect),
  });
}

export interface EnrolHashes extends EnrolFacts {
  readonly frames: readonly HashedFrame[];
  readonly durationMs?: number;
  readonly sha256?: string;
}

/** Known content from hashes that somebody else has computed: one frame without a duration is an image. */
export function entryOfHashes(hashes: EnrolHashes): BankEntry {
  const frames = hashes.frames
    .map(({ timeMs, quality, hash }) => ({ timeMs, quality, hash: new Uint8Array(Buffer.from(hash, 'hex')) }))
    .sort((a, b) => a.timeMs - b.timeMs);
  const lastMs = frames.at(-1)?.timeMs ?? 0;
  const isImage = frames.length === 1 && (hashes.durationMs ?? 0) === 0;
  return {
    contentId: hashes.contentId ?? idOfHashes(hashes.sha256, frames),
    bank: hashes.bank ?? defaultBank,
    labels: hashes.labels ?? [],
    kind: isImage ? 'image' : 'video',
    sha256: hashes.sha256,
    durationMs: isImage ? 0 : Math.max(hashes.durationMs ?? 0, lastMs),
    framesPerSecond: usualRate(frames, lastMs),
    frames,
  };
}

function idOfHashes(sha256: string | undefined, frames: readonly Frame[]): string {
  if (sha256 !== undefined) return `sha256:${sha256.slice(0, idHexChars)}`;
  const digest = createHash('sha256').update(packFrames(frames)).digest('hex');
  return `frames:${digest.slice(0, idHexChars)}`;
}

function usualRate(frames: readonly Frame[], lastMs: number): number {
  const spanMs = lastMs - (frames[0]?.timeMs ?? 0);
  return spanMs === 0 ? 0 : Math.round(((frames.length - 1) * 1_000_000) / spanMs) / 1000;
}
