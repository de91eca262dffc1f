/** Banks the media of a set over HTTP, the way an operator does: the service fetches, decodes and hashes each file. */
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { ApiClient } from '../../src/cli/client.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { limits } from '../../src/config/limits.ts';
import type { MediaItem } from './media-set.ts';

/** Content ids are printable ASCII without spaces, whatever a manifest calls its items. */
export function contentIdOf(item: MediaItem): string {
  return encodeURIComponent(item.id).slice(-limits.contentIdCharsMax);
}

export async function bankItem(item: MediaItem, client: ApiClient): Promise<void> {
  await client.addToBank({ contentId: contentIdOf(item), uri: pathToFileURL(item.path).href });
}

/** The items that are banked. What cannot be decoded is said and left out. */
export async function bankAll(
  items: readonly MediaItem[],
  client: ApiClient,
  terminal: Terminal,
): Promise<Set<MediaItem>> {
  const banked = new Set<MediaItem>();
  const progress = terminal.startProgress('banking', items.length);
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await bankItem(item, client);
        banked.add(item);
      } catch (error) {
        progress.say(`${item.id} could not be banked: ${error instanceof Error ? error.message : error}`);
      }
      progress.advance(item.id);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  progress.end();
  return banked;
}
