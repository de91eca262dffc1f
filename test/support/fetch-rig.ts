/** A fetcher over a spool in a temporary folder, with everything that a test may want to turn. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClosableFetcher,
  createFetcher,
  type FetcherParts,
  type FetchSettings,
} from '../../src/fetch/create-fetcher.ts';
import { createSpool, type FileSpool } from '../../src/fetch/spool.ts';

export interface FetchRig {
  readonly folder: string;
  readonly spool: FileSpool;
  readonly fetcher: ClosableFetcher;
  /** Stages that were tried again. */
  readonly retries: string[];
  /** Names of the files in the spool. */
  spooled(): Promise<string[]>;
  close(): Promise<void>;
}

export interface FetchRigOptions extends Partial<Pick<FetcherParts, 'resolve' | 'headersTimeoutMs' | 'idleTimeoutMs'>> {
  readonly settings?: Partial<FetchSettings>;
  readonly spoolBytesMax?: number;
}

export async function openFetchRig(options: FetchRigOptions = {}): Promise<FetchRig> {
  const { settings, spoolBytesMax, ...rest } = options;
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-fetch-'));
  const spool = await createSpool({ folder: join(folder, 'spool'), bytesMax: spoolBytesMax ?? 1_000_000 });
  const retries: string[] = [];
  const fetcher = createFetcher({
    settings: { ...plainSettings, ...settings },
    spool,
    telemetry: { retried: (stage) => retries.push(stage) },
    ...rest,
  });
  return {
    folder,
    spool,
    fetcher,
    retries,
    spooled: () => readdir(spool.folder),
    close: async () => {
      await fetcher.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const plainSettings: FetchSettings = {
  fileRoots: [],
  fetchAllow: [],
  fetchTimeoutMs: 10_000,
  contentBytesMax: 100_000,
  s3Endpoint: undefined,
  s3Region: 'us-east-1',
  s3Buckets: [],
  s3PathStyle: 'true',
};

/** The code of the FloodgateError that `promise` rejects with; any other outcome is named as what it is. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? `not a FloodgateError: ${String(thrown)}`;
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
