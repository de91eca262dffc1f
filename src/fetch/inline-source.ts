/** Content that stands in the event itself, base64. */
import { Readable } from 'node:stream';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { FetchedContent } from './fetcher.ts';
import type { FileSpool } from './spool.ts';

export async function fetchInline(
  inline: string,
  spool: Pick<FileSpool, 'fetchInto'>,
  signal: AbortSignal,
): Promise<FetchedContent> {
  const bytes = decodeBase64(inline);
  return await spool.fetchInto(Readable.from([bytes], { objectMode: false }), {
    bytesMax: limits.inlineBytesMax,
    signal,
  });
}

/**
 * Strict: Node's own decoder skips what it does not know and forgives missing padding, so that two texts would give the
 * same bytes. Throws invalid_event for anything but canonical base64, too_large above limits.inlineBytesMax.
 */
export function decodeBase64(text: string): Buffer {
  if (text.length > Math.ceil(limits.inlineBytesMax / 3) * 4) {
    throw new FloodgateError('too_large', `the inline content is over ${limits.inlineBytesMax} bytes`);
  }
  const bytes = Buffer.from(text, 'base64');
  if (text !== '' && bytes.toString('base64') === text) return bytes;
  throw new FloodgateError('invalid_event', 'the inline content is not canonical base64', {
    fields: [{ pointer: '/content/inline', message: 'is not canonical base64 with padding' }],
  });
}
