/** Goal: decisions by a served process: at once after a change of the bank, as the policy says, and live in the stream. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents } from '../../src/cli/event-stream.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { drawClip, encodeClip } from '../support/media-samples.ts';
import type { ServedProcess } from '../support/served-process.ts';
import { addKnown, call, decide, picture, postJson, Rig } from '../support/service-calls.ts';

const rig = new Rig();
let served: ServedProcess;

beforeAll(async () => {
  served = await rig.serve(await rig.folder());
});
afterAll(() => rig.close());

/** A hash that is far from those of other numbers. */
function hashOf(number: number): string {
  let state = (number + 1) * 2_654_435_761;
  return Array.from({ length: 64 }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 12_345) >>> 0;
    return (state >>> 28).toString(16);
  }).join('');
}

describe('known content', () => {
  const framesOf = (number: number) => [{ timeMs: 0, hash: hashOf(number), quality: 100 }];
  const decideHash = async (number: number) => {
    const content = { frames: framesOf(number) };
    return (await postJson<Decision>(`${served.url}/v1/uploads?wait=20`, { content })).body;
  };

  it('counts from the moment that its addition or removal is answered, every time', async () => {
    const wrong: unknown[] = [];
    for (let number = 0; number < 40; number += 1) {
      const contentId = `fresh-${number}`;
      const added = await postJson(`${served.url}/v1/bank`, { contentId, frames: framesOf(number) });
      const during = await decideHash(number);
      const removed = await call(`${served.url}/v1/bank/${contentId}`, { method: 'DELETE' });
      const after = await decideHash(number);
      const seen = [added.status, during.outcome, during.matches[0]?.contentId, removed.status, after.outcome];
      if (JSON.stringify(seen) !== JSON.stringify([201, 'block', contentId, 204, 'allow'])) wrong.push(seen);
    }
    expect(wrong).toEqual([]);
  });

  it('stops copies of films, says where, and no longer once it is removed', async () => {
    const frames = drawClip(100, 160, 120, 2);
    const film = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames });
    const copy = encodeClip({ encoder: 'libvpx', muxer: 'webm', frames: frames.slice(25) });
    const added = await addKnown(served.url, film, { contentId: 'film', labels: 'incident 42,urgent' });
    expect(added.viewsIndexed).toBeGreaterThan(added.framesIndexed);
    const match = { contentId: 'film', labels: ['incident 42', 'urgent'], kind: 'aligned' };
    const decision = await decide(served.url, copy);
    expect(decision).toMatchObject({ outcome: 'block', reason: 'matched', matches: [match] });
    const { upload, known } = decision.matches[0] ?? {};
    expect((known?.startSeconds ?? 0) - (upload?.startSeconds ?? 0)).toBeCloseTo(1, 0);
    expect(await decide(served.url, film)).toMatchObject({ outcome: 'block', reason: 'exact_copy' });
    await call(`${served.url}/v1/bank/film`, { method: 'DELETE' });
    expect(await decide(served.url, copy)).toMatchObject({ outcome: 'allow', reason: 'no_match', matches: [] });
    expect(await decide(served.url, film)).toMatchObject({ outcome: 'allow', reason: 'no_match' });
  });
});

describe('the stream', () => {
  it('shows a decision as it is made, and what was missed to who comes back', async () => {
    const leaving = new AbortController();
    // fetch cancels the unread body of a response that is garbage-collected, so the responses are kept.
    const responses: Response[] = [];
    const open = async (headers: Record<string, string>) => {
      const response = await fetch(`${served.url}/v1/decisions/stream`, { headers, signal: leaving.signal });
      responses.push(response);
      return readEvents(response.body as unknown as AsyncIterable<Uint8Array>);
    };
    const events = await open({});
    await decide(served.url, await picture(8), 'seen-live');
    const live = (await events.next()).value;
    expect(JSON.parse(live?.data ?? '')).toMatchObject({ uploadId: 'seen-live', outcome: 'allow' });
    await decide(served.url, await picture(9), 'missed');
    const resumed = await open({ 'last-event-id': live?.id ?? '' });
    expect(JSON.parse((await resumed.next()).value?.data ?? '')).toMatchObject({ uploadId: 'missed' });
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    leaving.abort();
  });
});

describe('the policy', () => {
  const serveWith = async (policy: unknown) => {
    const folder = await rig.folder();
    await writeFile(join(folder, 'policy.json'), JSON.stringify(policy));
    return (await rig.serve(folder, { FLOODGATE_POLICY: join(folder, 'policy.json') })).url;
  };

  it('that observes blocks nothing, and says what it would have done', async () => {
    const url = await serveWith({ name: 'trial', mode: 'observe' });
    await addKnown(url, await picture(1), { contentId: 'known' });
    const decision = await decide(url, await picture(1));
    expect(decision).toMatchObject({ outcome: 'allow', observedOutcome: 'block', matches: [{ contentId: 'known' }] });
    expect(decision.policyVersion).toMatch(/^trial-/);
    expect((await call(`${url}/v1/status`)).body).toMatchObject({ observeOnly: true });
    const unlike = await decide(url, await picture(5));
    expect(unlike).toMatchObject({ outcome: 'allow', reason: 'no_match' });
  });

  it('holds copies from a bank that only reviews', async () => {
    const url = await serveWith({ banks: { doubtful: { action: 'review' }, silent: { action: 'observe' } } });
    await addKnown(url, await picture(1), { contentId: 'doubted', bank: 'doubtful' });
    await addKnown(url, await picture(5), { contentId: 'watched', bank: 'silent' });
    const doubted = { outcome: 'review', matches: [{ contentId: 'doubted', bank: 'doubtful' }] };
    expect(await decide(url, await picture(1))).toMatchObject(doubted);
    expect(await decide(url, await picture(5))).toMatchObject({ outcome: 'allow', matches: [{ bank: 'silent' }] });
  });
});

describe('the metrics of a decided upload', () => {
  it('count its bytes, its searches and its stages', async () => {
    const bytes = await picture(77);
    await decide(served.url, bytes);
    const text = await (await fetch(`${served.url}/metrics`)).text();
    const sampleOf = (line: string) =>
      Number(
        text
          .split('\n')
          .find((each) => each.startsWith(`${line} `))
          ?.split(' ')[1],
      );
    expect(sampleOf('floodgate_upload_bytes_total{media="image"}')).toBeGreaterThanOrEqual(bytes.length);
    expect(sampleOf('floodgate_index_search_duration_seconds_count')).toBeGreaterThan(0);
    expect(sampleOf('floodgate_stage_duration_seconds_sum{stage="search",media="image"}')).toBeGreaterThan(0);
  });
});
