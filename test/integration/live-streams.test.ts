/** Goal: a broadcast is stopped in its midst, by the segment that suffices, whatever becomes of the process meanwhile. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../src/cli/event-stream.ts';
import type { StreamDecision } from '../../src/contracts/stream.ts';
import { streamDecisionIdOf } from '../../src/flow/decision-id.ts';
import { openSqliteLog } from '../../src/log/sqlite-log.ts';
import { readAll } from '../support/log-records.ts';
import { drawClip, encodeClip } from '../support/media-samples.ts';
import { runCommand } from '../support/run-command.ts';
import { addKnown, call, Rig } from '../support/service-calls.ts';
import { addBroadcastContent, sendSegment, streamDecisionsIn, streamOf } from '../support/stream-calls.ts';

const rig = new Rig();
afterEach(() => rig.close());

async function decisionsIn(dataFolder: string, streamId: string): Promise<StreamDecision[]> {
  const log = await openSqliteLog({ path: join(dataFolder, 'log', 'floodgate.sqlite') });
  try {
    return streamDecisionsIn(await readAll(log, 'stream-decisions'), streamId);
  } finally {
    await log.close();
  }
}

const facts = (decisions: readonly StreamDecision[]) =>
  decisions.map(({ revision, outcome, sequence, segments }) => [revision, outcome, sequence, segments.count]);

describe('a broadcast', () => {
  it.each([1, 2, 3])('is decided at the same segment with the same ids when killed after %i', async (before) => {
    const dataFolder = await rig.folder();
    const first = await rig.serve(dataFolder);
    await addBroadcastContent(first.url);
    for (let sequence = 0; sequence < before; sequence += 1) {
      expect(await sendSegment(first.url, 'live', sequence)).toMatchObject({ outcome: 'allow', stream: { sequence } });
    }
    await first.stop('SIGKILL');
    const second = await rig.serve(dataFolder);
    expect(await streamOf(second.url, 'live')).toMatchObject({ live: { segments: { count: before } } });
    for (let sequence = before - 1; sequence < 5; sequence += 1) {
      expect((await sendSegment(second.url, 'live', sequence)).outcome).toBe('allow');
    }
    expect(await streamOf(second.url, 'live')).toMatchObject({
      decision: { outcome: 'block', revision: 2, decidedBy: ['content-1'] },
      live: { segments: { firstSequence: 0, lastSequence: 4, count: 5, missing: 0 }, seconds: 30 },
    });
    await second.stop('SIGTERM');
    const decisions = await decisionsIn(dataFolder, 'live');
    expect(facts(decisions)).toEqual([
      [1, 'review', 1, 2],
      [2, 'block', 2, 3],
    ]);
    expect(decisions.map(({ decisionId }) => decisionId)).toEqual([1, 2].map((n) => streamDecisionIdOf('live', n)));
  });

  it('is told in the stream of decisions, between those on its segments', async () => {
    const { url } = await rig.serve(await rig.folder());
    await addBroadcastContent(url);
    const response = await fetch(`${url}/v1/decisions/stream`);
    const events = readEvents(response.body as unknown as AsyncIterable<Uint8Array>);
    for (const sequence of [0, 1]) await sendSegment(url, 'live', sequence);
    const seen: { name: string; id: string }[] = [];
    for await (const { name, id } of events) {
      seen.push({ name, id });
      if (seen.length === 3) break;
    }
    expect(seen).toHaveLength(3);
    expect(seen).toContainEqual({ name: 'stream-decision', id: '' });
    expect(seen.filter(({ name }) => name === 'decision')).toHaveLength(2);
  });

  it('is unknown before it begins', async () => {
    const { url } = await rig.serve(await rig.folder());
    expect(await call(`${url}/v1/streams/none%2Fsuch`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  // Three quarters of a second of a film in each segment, and something else over it for the rest.
  it('of a film is blocked before it ends, sent from the command line', async () => {
    const folder = await rig.folder();
    const { url } = await rig.serve(await rig.folder());
    const film = drawClip(300, 160, 120, 2);
    const other = drawClip(300, 160, 120, 7);
    await addKnown(url, encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: film }), { contentId: 'film' });
    const files: string[] = [];
    for (let sequence = 0; sequence < 4; sequence += 1) {
      const from = sequence * 75;
      const frames = [...film.slice(from, from + 20), ...other.slice(from + 20, from + 75)];
      const path = join(folder, `segment-${sequence}.webm`);
      await writeFile(path, encodeClip({ encoder: 'libvpx', muxer: 'webm', frames }));
      files.push(path);
    }
    const segments = await runCommand([
      'submit',
      ...files,
      '--stream',
      'show',
      '--sequence',
      '7',
      '--json',
      '--url',
      url,
    ]);
    const outcomes = segments.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).outcome as string);
    expect(outcomes).toHaveLength(4);
    expect(outcomes).not.toContain('block');
    const { decision } = await streamOf(url, 'show');
    expect(decision).toMatchObject({ outcome: 'block', decidedBy: ['film'] });
    expect(decision?.sequence).toBeLessThan(10);
    const shown = await runCommand(['stream', 'show', '--url', url]);
    expect(shown.stdout).toContain('BLOCK');
    expect(shown.stdout).toContain('segments 7 to 10, 0 of them missing');
  });
});
