/**
 * Content in S3 or a store that speaks its protocol. The endpoint is the operator's, so it needs no guard; what an
 * event names is a bucket, which must be on the list, and a key. Credentials come from the SDK's own provider chain.
 */
import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import { explainNetworkFailure, explainStatus } from './failure.ts';
import type { FetchedContent } from './fetcher.ts';
import type { TemporaryFailure } from './retry.ts';
import { watchIdle } from './silence.ts';
import type { FileSpool } from './spool.ts';

export interface S3Settings {
  readonly s3Endpoint: string | undefined;
  readonly s3Region: string;
  readonly s3Buckets: readonly string[];
  readonly s3PathStyle: 'true' | 'false';
}

export interface S3Parts {
  readonly settings: S3Settings;
  readonly spool: Pick<FileSpool, 'fetchInto'>;
  readonly contentBytesMax: number;
  readonly idleTimeoutMs: number;
}

export class S3Source {
  readonly #parts: S3Parts;
  #client: Promise<S3Client> | undefined;

  constructor(parts: S3Parts) {
    this.#parts = parts;
  }

  /** One attempt. Throws a TemporaryFailure for what may pass by itself. */
  async fetch(uri: string, signal: AbortSignal): Promise<FetchedContent> {
    const { bucket, key } = parseS3Uri(uri);
    const source = `s3://${bucket}`;
    if (!this.#parts.settings.s3Buckets.includes(bucket)) {
      throw new FloodgateError('forbidden_source', `${source} is not among FLOODGATE_S3_BUCKETS`);
    }
    try {
      const object = await this.#getObject(bucket, key, signal);
      return await this.#receive(object, signal);
    } catch (thrown) {
      throw explainS3Failure(thrown, source);
    }
  }

  async close(): Promise<void> {
    (await this.#client)?.destroy();
  }

  async #getObject(bucket: string, key: string, signal: AbortSignal): Promise<GetObjectCommandOutput> {
    // Loaded when first needed: the SDK takes longer to load than everything else at start.
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    this.#client ??= createClient(this.#parts.settings);
    const client = await this.#client;
    return await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
  }

  async #receive(object: GetObjectCommandOutput, signal: AbortSignal): Promise<FetchedContent> {
    if (object.Body === undefined) throw new FloodgateError('unreachable', 'the store answered without a body');
    const body = object.Body as Readable;
    const { contentBytesMax, idleTimeoutMs, spool } = this.#parts;
    const endWatch = watchIdle(body, idleTimeoutMs);
    try {
      const bytesExpected = object.ContentLength;
      return await spool.fetchInto(body, {
        bytesMax: contentBytesMax,
        signal,
        ...(bytesExpected !== undefined && { bytesExpected }),
      });
    } finally {
      endWatch();
    }
  }
}

/** The key is taken as it stands, as S3's own tools do: no percent decoding, no query. */
function parseS3Uri(uri: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.{1,1024})$/s.exec(uri);
  if (match?.[1] !== undefined && match[2] !== undefined) return { bucket: match[1], key: match[2] };
  throw new FloodgateError('invalid_event', 'the content URI is not s3://bucket/key', {
    fields: [{ pointer: '/content/uri', message: 'is not s3://bucket/key' }],
  });
}

async function createClient(settings: S3Settings): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  return new S3Client({
    region: settings.s3Region,
    forcePathStyle: settings.s3PathStyle === 'true',
    ...(settings.s3Endpoint !== undefined && { endpoint: settings.s3Endpoint }),
    // One bound on attempts, ours: retries inside retries multiply.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: limits.fetchConnectTimeoutMs,
      requestTimeout: limits.fetchHeadersTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
}

/**
 * AccessDenied is "unreachable", not "forbidden_source": the store says it for a missing key too when we may not list
 * the bucket, and forbidden_source is our own refusal.
 */
function explainS3Failure(thrown: unknown, source: string): FloodgateError | TemporaryFailure {
  if (thrown instanceof FloodgateError || !(thrown instanceof Error)) return explainNetworkFailure(thrown, source);
  const { $metadata, name } = thrown as { $metadata?: { httpStatusCode?: number }; name: string };
  const status = $metadata?.httpStatusCode;
  if (status !== undefined && status >= 300) return explainStatus(status, `${source} (${name})`);
  return explainNetworkFailure(thrown, source);
}
