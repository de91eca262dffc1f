/**
 * The port to the bytes of an upload or of content for the bank. Runs in the main process, and never looks inside.
 *
 * Bytes that come over a network, inline or in a request go to the spool: one private folder whose size is bounded.
 * Bytes that already are a file under a configured root are read where they are, and never changed or deleted.
 */
import type { Readable } from 'node:stream';

export type ContentSource = { readonly uri: string } | { readonly inline: string };

export interface FetchedContent {
  /** A file of mode 0600 in the spool, or a file under a configured root. Read-only to everybody. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, 64 lower-case hexadecimal digits; computed while the bytes stream by. */
  readonly sha256: string;
  /**
   * Takes the spool file away; a file outside the spool is left alone. Never rejects, and is safe to call twice.
   * To be called once the upload is settled and not before: the bytes of an upload that was posted exist nowhere else.
   */
  release(): Promise<void>;
  /**
   * Stops using the file though the upload is not settled, since it comes again, here or elsewhere: what was fetched for
   * this look goes, what was posted stays. Never rejects; does nothing after `release`.
   */
  letGo(): Promise<void>;
}

export interface Fetcher {
  /**
   * Throws a FloodgateError with one of: too_large, timed_out, forbidden_source, unreachable; invalid_event when the
   * base64 or the URI cannot be interpreted; overloaded when the spool stays full, which says nothing about the content.
   * What is temporary (connection refused, 429, 5xx, a full spool) is retried within limits.fetchTimeoutMs first.
   * When `signal` aborts, rejects with the signal's reason.
   */
  fetch(source: ContentSource, signal?: AbortSignal): Promise<FetchedContent>;
  /**
   * Takes away the spooled file that a source names, because its upload needs no look: it was posted again and is decided.
   * Any other source is left alone. Never rejects.
   */
  discard(source: ContentSource): Promise<void>;
}

export interface SpooledContent {
  readonly path: string;
  /** The path as a file:// URI, by which an upload event names these bytes. */
  readonly uri: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Takes the file away, for example when its upload event could not be appended. Safe to call twice. */
  discard(): Promise<void>;
}

export interface StoreOptions {
  readonly bytesMax: number;
  /** What the sender announced, so that too much is refused before it flows. */
  readonly bytesExpected?: number;
  /** Flushed to the disk before this resolves: for bytes whose arrival is acknowledged to somebody. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
}

export interface Spool {
  /**
   * Throws too_large when there are more than `bytesMax` bytes, overloaded when the spool or its disk has no room; a
   * failure of `bytes` passes through unchanged, and an abort rejects with the signal's reason. `bytes` is destroyed and
   * the partial file removed in each of these cases.
   */
  store(bytes: Readable, options: StoreOptions): Promise<SpooledContent>;
  /**
   * Removes the files of an earlier run that no URI in `keep` names; resolves with their number. Call it once, at start,
   * with the URIs of all unsettled uploads. Files of the present run are never touched.
   */
  sweep(keep: ReadonlySet<string>): Promise<number>;
  /** Bytes on disk, those still arriving included. */
  bytesUsed(): number;
}
