/** The port to the bytes of an upload or of content for the bank. Runs in the main process, and never looks inside. */

export type ContentSource = { readonly uri: string } | { readonly inline: string };

export interface FetchedContent {
  /** A file of mode 0600 in the spool, or a file under a configured root. Read-only to everybody. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, 64 lower-case hexadecimal digits; computed while the bytes stream by. */
  readonly sha256: string;
  /** Takes the spool file away once it is no longer needed. Safe to call twice. */
  release(): Promise<void>;
}

export interface Fetcher {
  /**
   * Throws a FloodgateError with one of: too_large, timed_out, forbidden_source, unreachable, invalid_event (bad base64).
   * What is temporary (connection refused, 5xx) is retried within limits.fetchTimeoutMs before it is unreachable.
   */
  fetch(source: ContentSource, signal?: AbortSignal): Promise<FetchedContent>;
}
