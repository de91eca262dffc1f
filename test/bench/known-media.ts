/** Banks the media of a set over HTTP, and keeps what is needed to take each content out and put it back. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { pipeline } from 'node:stream/promises';
import type { ApiClient } from '../../src/cli/client.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { limits } from '../../src/config/limits.ts';
import type { BankAddition } from '../../src/contracts/bank.ts';
import type { HashedFrame } from '../../src/contracts/common.ts';
import { createFingerprinter, type PooledFingerprinter } from '../../src/fingerprint/child-pool.ts';
import { hexOfHash } from '../../src/kernel/hash-text.ts';
import type { MediaItem } from './media-set.ts';

export interface KnownMedia {
  readonly contentId: string;
  readonly addition: BankAddition;
}

/** The bank's default rate, see src/decision/policy.ts. */
const framesPerSecond = 2;

/** By item id. What cannot be decoded is said and left out. */
export async function enrolAll(
  items: readonly MediaItem[],
  client: ApiClient,
  terminal: Terminal,
): Promise<Map<string, KnownMedia>> {
  const fingerprinter = createFingerprinter({
    telemetry: { warned: (what) => terminal.note(what), childPool: () => {}, childRestarted: () => {} },
  });
  const known = new Map<string, KnownMedia>();
  const progress = terminal.startProgress('banking', items.length);
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        const addition = await additionOf(item, fingerprinter);
        await client.addToBank(addition);
        known.set(item.id, { contentId: item.id, addition });
      } catch (error) {
        progress.say(`${item.id} could not be banked: ${error instanceof Error ? error.message : error}`);
      }
      progress.advance(item.id);
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, lane));
  } finally {
    progress.end();
    await fingerprinter.close();
  }
  return known;
}

async function additionOf(item: MediaItem, fingerprinter: PooledFingerprinter): Promise<BankAddition> {
  let frames: HashedFrame[] = [];
  const { durationMs } = await fingerprinter.fingerprint({
    path: item.path,
    mode: { kind: 'dense', framesPerSecond },
    timeoutMs: limits.enrolTimeoutMs,
    onFrame: ({ timeMs, quality, hashes }) => {
      frames.push({ timeMs, quality, hash: hexOfHash(hashes.slice(0, limits.hashBytes)) });
      return 'more';
    },
    onRestart: () => {
      frames = [];
    },
  });
  const sha256 = createHash('sha256');
  await pipeline(createReadStream(item.path), sha256);
  return {
    contentId: item.id,
    frames,
    durationMs: Math.round(durationMs),
    sha256: sha256.digest('hex'),
  };
}
