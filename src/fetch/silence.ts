/** Silence of a source, which nothing reports by itself. */
import type { Readable } from 'node:stream';

export type SilenceCode = 'CONNECT_TIMEOUT' | 'HEADERS_TIMEOUT' | 'BODY_TIMEOUT' | 'ECONNRESET';

/** An error in the system's own form, so that it is explained like any other. */
export function silence(code: SilenceCode): NodeJS.ErrnoException {
  return Object.assign(new Error(`nothing came: ${code}`), { code });
}

/** Destroys the stream when no bytes come for `idleTimeoutMs`. Returns what ends the watch. */
export function watchIdle(stream: Readable, idleTimeoutMs: number): () => void {
  const timer = setTimeout(() => stream.destroy(silence('BODY_TIMEOUT')), idleTimeoutMs);
  stream.on('data', () => timer.refresh());
  // The listener sets the stream flowing; nothing may be lost before its reader comes.
  stream.pause();
  return () => clearTimeout(timer);
}
