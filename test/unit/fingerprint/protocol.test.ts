import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import {
  decodeFromChild,
  encodeMessage,
  type FromChild,
  lineSplitter,
  messageBytesMax,
} from '../../../src/fingerprint/protocol.ts';
import { knownViews } from '../../../src/match/region.ts';

/** A message as the parent parses it, before it is believed. */
interface Said {
  // biome-ignore lint/suspicious/noExplicitAny: whatever a child may say
  [field: string]: any;
}

const base64 = (bytes: number) => Buffer.alloc(bytes).toString('base64');

const frame: FromChild = {
  kind: 'frame',
  id: 3,
  timeMs: 1_500,
  quality: 88,
  hashes: Uint8Array.from({ length: 256 }, (_, at) => at),
};
const deepFrame: FromChild = {
  ...frame,
  thumbnail: new Uint8Array(limits.knownThumbnailSide ** 2).fill(200),
  views: knownViews.map((_, view) => ({ view, quality: 100, hash: new Uint8Array(limits.hashBytes).fill(view) })),
};
const lookedAtFrame: FromChild = { ...frame, thumbnail: new Uint8Array(limits.uploadThumbnailSide ** 2).fill(7) };
const region = (changes: object = {}) => ({
  region: { left: 0.123456789012345, top: 1 / 3, width: 0.5, height: 2 / 3, degrees: 0 },
  tier: 1 as const,
  quality: 100,
  hashes: Uint8Array.from({ length: 256 }, (_, at) => 255 - at),
  ...changes,
});
const regions: FromChild = {
  kind: 'regions',
  id: 3,
  timeMs: 40,
  aspect: 16 / 9,
  regions: Array.from({ length: limits.regionsMax }, (_, at) =>
    at < 2 ? region() : region({ tier: 2, hashes: new Uint8Array(64).fill(at) }),
  ),
};
const done: FromChild = {
  kind: 'done',
  id: 3,
  result: {
    aspect: 640 / 360,
    media: { kind: 'video', container: 'mp4', codec: 'h264', width: 640, height: 360 },
    durationMs: 9_640,
    framesSampled: 10,
    largestGapMs: 1_200,
    complete: true,
    degraded: ['decode_errors'],
  },
};

describe('messages from a child', () => {
  it.each<FromChild>([
    { kind: 'ready', kernelVersion: '1-abc', videoMissing: null },
    frame,
    deepFrame,
    lookedAtFrame,
    regions,
    { ...regions, regions: [] },
    done,
    { kind: 'failed', id: 3, code: 'undecodable', detail: 'no frame' },
  ])('arrive as they were said: $kind', (message) => {
    expect(decodeFromChild(encodeMessage(message).trim())).toEqual(message);
  });

  it('fit the bound of a line', () => {
    for (const message of [frame, deepFrame, lookedAtFrame, regions]) {
      expect(encodeMessage(message).length).toBeLessThan(messageBytesMax);
    }
  });

  // Goal: a child that was taken over cannot put anything but the agreed shapes into the parent.
  it.each([
    ['no JSON', 'hello'],
    ['no object', '3'],
    ['an unknown kind', '{"kind":"exec","id":1}'],
    ['no id', '{"kind":"done"}'],
    ['a short hash', JSON.stringify({ ...frame, hashes: 'AAAA' })],
    ['a time that is none', JSON.stringify({ ...frame, hashes: Buffer.alloc(256).toString('base64'), timeMs: -1 })],
    ['a quality over 100', JSON.stringify({ ...frame, hashes: Buffer.alloc(256).toString('base64'), quality: 101 })],
    ['a code that children do not give', '{"kind":"failed","id":1,"code":"log_full","detail":""}'],
    ['a result without media', '{"kind":"done","id":1,"result":{"durationMs":1}}'],
  ])('are refused: %s', (_name, line) => {
    expect(decodeFromChild(line)).toBeNull();
  });

  // The same for what a frame or a region carries; each differs from a sound message in one place.
  it.each<[string, FromChild, (said: Said) => unknown]>([
    ['a thumbnail of no known size', lookedAtFrame, (said) => (said.thumbnail = base64(65 * 65))],
    ['a thumbnail that is no text', lookedAtFrame, (said) => (said.thumbnail = [1, 2])],
    ['views that are no list', deepFrame, (said) => (said.views = {})],
    ['more views than are known', deepFrame, (said) => said.views.push(said.views[0])],
    ['a view that is not known', deepFrame, (said) => (said.views[3].view = knownViews.length)],
    ['a view of parts', deepFrame, (said) => (said.views[3].view = 1.5)],
    ['a view with a long hash', deepFrame, (said) => (said.views[3].hash = base64(33))],
    ['a view with a quality over 100', deepFrame, (said) => (said.views[3].quality = 101)],
    ['a view that is nothing', deepFrame, (said) => (said.views[3] = null)],
    ['regions that are no list', regions, (said) => (said.regions = 'all')],
    ['more regions than an upload has', regions, (said) => said.regions.push(said.regions[0])],
    ['regions without a time', regions, (said) => (said.timeMs = null)],
    ['regions of a picture without an aspect', regions, (said) => (said.aspect = undefined)],
    ['regions of a picture that is next to nothing', regions, (said) => (said.aspect = 1e-9)],
    ['a region that is nothing', regions, (said) => (said.regions[1] = null)],
    ['a region nowhere', regions, (said) => (said.regions[1].region = null)],
    ['a region beyond the picture', regions, (said) => (said.regions[1].region.left = 1.01)],
    ['a region that ends beyond the picture', regions, (said) => (said.regions[1].region.left = 0.6)],
    ['a region without width', regions, (said) => (said.regions[1].region.width = 0)],
    ['a region of next to no width', regions, (said) => (said.regions[1].region.width = 1e-300)],
    ['a region with a place that is text', regions, (said) => (said.regions[1].region.top = '0')],
    ['a region turned too far', regions, (said) => (said.regions[1].region.degrees = 181)],
    ['a third tier', regions, (said) => (said.regions[1].tier = 3)],
    ['a region with seven hashes', regions, (said) => (said.regions[1].hashes = base64(7 * 32))],
    ['a likely region that stands upright alone', regions, (said) => (said.regions[1].hashes = base64(2 * 32))],
    ['an unlikely region with all its turns', regions, (said) => (said.regions[2].hashes = base64(8 * 32))],
    ['a region with a quality below nothing', regions, (said) => (said.regions[1].quality = -1)],
    ['an endless hash', regions, (said) => (said.regions[1].hashes = 'A'.repeat(1e6))],
  ])('are refused: %s', (_name, message, spoil) => {
    const said = JSON.parse(encodeMessage(message)) as Said;
    expect(decodeFromChild(JSON.stringify(said))).not.toBeNull();
    spoil(said);
    expect(decodeFromChild(JSON.stringify(said))).toBeNull();
  });

  it.each([0, -1, 1e9, '1.5', null])('leave an aspect out that no picture has: %s', (aspect) => {
    const said = JSON.parse(encodeMessage(done)) as { result: { aspect: unknown } };
    said.result.aspect = aspect;
    const message = decodeFromChild(JSON.stringify(said));
    expect(message).toMatchObject({ kind: 'done' });
    expect(JSON.stringify(message)).not.toContain('aspect');
  });

  it('keep names out that could not be one', () => {
    const odd = JSON.parse(encodeMessage(done)) as { result: { media: { codec: string }; degraded: string[] } };
    odd.result.media.codec = '<script>';
    odd.result.degraded = ['decode_errors', 'made_up'];
    const message = decodeFromChild(JSON.stringify(odd));
    expect(message).toMatchObject({ result: { degraded: ['decode_errors'] } });
    expect(JSON.stringify(message)).not.toContain('script');
  });

  it('never throw, whatever the line', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => decodeFromChild(line) === null));
  });
});

describe('lineSplitter', () => {
  it('joins lines across chunks, also within a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        (texts, size) => {
          const lines = texts.map((text) => text.replaceAll('\n', ''));
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const split = lineSplitter();
          const heard: string[] = [];
          for (let at = 0; at < bytes.length; at += size) heard.push(...(split(bytes.subarray(at, at + size)) ?? []));
          expect(heard).toEqual(lines);
        },
      ),
    );
  });

  it('gives up on a line without an end', () => {
    const split = lineSplitter();
    expect(split(Buffer.alloc(messageBytesMax))).toEqual([]);
    expect(split(Buffer.alloc(10))).toBeNull();
    expect(split(Buffer.from('\n'))).toBeNull();
  });
});
