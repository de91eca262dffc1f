/** Puts the fetcher together: which scheme goes where, one deadline over all attempts, retries of what is temporary. */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { Telemetry } from '../telemetry.ts';
import { AllowList } from './address-guard.ts';
import { Deadline } from './deadline.ts';
import type { ContentSource, FetchedContent, Fetcher } from './fetcher.ts';
import { discardSpooled, fetchFile } from './file-source.ts';
import { GuardedClient, type Resolve } from './guarded-client.ts';
import { fetchHttp } from './http-source.ts';
import { fetchInline } from './inline-source.ts';
import { retryTemporary } from './retry.ts';
import { type S3Settings, S3Source } from './s3-source.ts';
import type { FileSpool } from './spool.ts';

export interface FetchSettings extends S3Settings {
  /** Folders below which file:// content may be read, besides the spool. */
  readonly fileRoots: readonly string[];
  readonly fetchAllow: readonly string[];
  readonly fetchTimeoutMs: number;
  readonly contentBytesMax: number;
}

export interface FetcherParts {
  readonly settings: FetchSettings;
  readonly spool: FileSpool;
  readonly telemetry: Pick<Telemetry, 'retried'>;
  /** The system's resolver by default. */
  readonly resolve?: Resolve;
  /** Milliseconds without an answer and without bytes; limits.ts by default. */
  readonly headersTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

export interface ClosableFetcher extends Fetcher {
  /** Drops all connections; what is being fetched fails. */
  close(): Promise<void>;
}

type FetchOnce = (signal: AbortSignal) => Promise<FetchedContent>;

/** Throws invalid_config when an entry of `fetchAllow` cannot be read. */
export function createFetcher(parts: FetcherParts): ClosableFetcher {
  const { settings, spool } = parts;
  const { contentBytesMax } = settings;
  const idleTimeoutMs = parts.idleTimeoutMs ?? limits.fetchIdleTimeoutMs;
  const client = new GuardedClient({
    allow: new AllowList(settings.fetchAllow),
    connectTimeoutMs: limits.fetchConnectTimeoutMs,
    headersTimeoutMs: parts.headersTimeoutMs ?? limits.fetchHeadersTimeoutMs,
    ...(parts.resolve !== undefined && { resolve: parts.resolve }),
  });
  const s3 = new S3Source({ settings, spool, contentBytesMax, idleTimeoutMs });

  function chooseSource(source: ContentSource): FetchOnce {
    if ('inline' in source) return (signal) => fetchInline(source.inline, spool, signal);
    const { uri } = source;
    const scheme = /^([a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase();
    if (scheme === 'file')
      return (signal) => fetchFile(uri, { spool, roots: settings.fileRoots, contentBytesMax }, signal);
    if (scheme === 'http' || scheme === 'https')
      return (signal) => fetchHttp(uri, { client, spool, contentBytesMax, idleTimeoutMs }, signal);
    if (scheme === 's3') return (signal) => s3.fetch(uri, signal);
    throw new FloodgateError('forbidden_source', 'content comes by http, https, s3 or file');
  }

  return {
    fetch: (source, signal) => fetchWithin(chooseSource, source, parts, signal),
    discard: async (source) => {
      // A URI that cannot be interpreted names nothing that could be taken away.
      if ('uri' in source) await discardSpooled(source.uri, spool).catch(() => undefined);
    },
    close: async () => {
      client.close();
      await s3.close();
    },
  };
}

async function fetchWithin(
  chooseSource: (source: ContentSource) => FetchOnce,
  source: ContentSource,
  { settings, telemetry }: FetcherParts,
  outer: AbortSignal | undefined,
): Promise<FetchedContent> {
  outer?.throwIfAborted();
  const fetchOnce = chooseSource(source);
  const deadline = new Deadline(settings.fetchTimeoutMs, outer);
  try {
    return await retryTemporary(() => fetchOnce(deadline.signal), {
      deadline,
      attemptsMax: limits.fetchAttemptsMax,
      onRetry: () => telemetry.retried('fetch'),
    });
  } finally {
    deadline.end();
  }
}
