import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeFromChild,
  encodeMessage,
  type FromChild,
  lineSplitter,
  messageBytesMax,
} from '../../../src/fingerprint/protocol.ts';

const frame: FromChild = {
  kind: 'frame',
  id: 3,
  timeMs: 1_500,
  quality: 88,
  hashes: Uint8Array.from({ length: 256 }, (_, at) => at),
};
const done: FromChild = {
  kind: 'done',
  id: 3,
  result: {
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
    done,
    { kind: 'failed', id: 3, code: 'undecodable', detail: 'no frame' },
  ])('arrive as they were said: $kind', (message) => {
    expect(decodeFromChild(encodeMessage(message).trim())).toEqual(message);
  });

  it('fit the bound of a line', () => {
    expect(encodeMessage(frame).length).toBeLessThan(messageBytesMax);
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
