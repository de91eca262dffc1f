/** Events as they stand in the log, written by hand: what validated once must validate for ever. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type GoldenName = 'upload' | 'decision' | 'stream-decision' | 'fingerprint' | 'bank';

export type GoldenEvent = Readonly<Record<string, unknown>>;

export function goldenEvents(name: GoldenName): GoldenEvent[] {
  const path = fileURLToPath(new URL(`../golden/events/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as GoldenEvent[];
}

/** The first golden event with fields changed; `undefined` takes a field away, as JSON does. */
export function nearMiss(name: GoldenName, changes: GoldenEvent): unknown {
  return JSON.parse(JSON.stringify({ ...goldenEvents(name)[0], ...changes }));
}
