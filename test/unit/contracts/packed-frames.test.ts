import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  packedFrameBytes,
  packFrames,
  packViews,
  unpackFrames,
  viewReader,
} from '../../../src/contracts/packed-frames.ts';

const frameFields = {
  timeMs: fc.nat({ max: 0xffffffff }),
  quality: fc.nat({ max: 100 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
};
const frame = fc.record(frameFields);

describe('packed frames', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), (frames) => {
        const packed = packFrames(frames);
        expect(packed).toHaveLength(frames.length * packedFrameBytes);
        expect(unpackFrames(packed)).toEqual({ frames, views: new Uint8Array(0) });
      }),
    );
  });

  it('come out as they went in, with views of them beside', () => {
    const view = fc.record({ ...frameFields, view: fc.nat(21) });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 10 }), fc.array(view, { maxLength: 10 }), (frames, views) => {
        const packed = packViews(views);
        const unpacked = unpackFrames(Buffer.concat([packed, packFrames(frames)]));
        expect(unpacked.frames).toEqual(frames);
        const read = viewReader(unpacked.views);
        const each = Array.from({ length: read.count }, (_, at) => {
          return { timeMs: read.timeMs(at), quality: read.quality(at), view: read.view(at), hash: read.hash(at) };
        });
        expect(each).toEqual(views);
      }),
    );
  });

  it('are read from the middle of a larger memory, and keep none of it', () => {
    const packed = packFrames([{ timeMs: 7, quality: 8, hash: new Uint8Array(32).fill(9) }]);
    const memory = new Uint8Array(100).fill(255);
    memory.set(packed, 13);
    const [read] = unpackFrames(memory.subarray(13, 13 + packedFrameBytes)).frames;
    memory.fill(0);
    expect(read).toEqual({ timeMs: 7, quality: 8, hash: new Uint8Array(32).fill(9) });
  });

  it('stand in the log byte for byte as they are described', () => {
    const hash = Uint8Array.from({ length: 32 }, (_, at) => at);
    const packed = packFrames([{ timeMs: 0x01020304, quality: 0x55, hash }]);
    expect(packed.toString('hex')).toBe(`0403020155000000${Buffer.from(hash).toString('hex')}`);
  });

  it('tell the view beside the quality: 0 is the whole frame, above it the places of the known views', () => {
    const hash = new Uint8Array(32);
    expect(packViews([{ timeMs: 0, quality: 0x55, view: 21, hash }]).toString('hex', 4, 8)).toBe('55160000');
  });

  it.each([1, packedFrameBytes - 1, packedFrameBytes + 1])('are refused when %d bytes long', (length) => {
    expect(() => unpackFrames(new Uint8Array(length))).toThrow(RangeError);
  });

  it('never give a quality over 100, whatever stands there', () => {
    const packed = new Uint8Array(packedFrameBytes).fill(255);
    expect(viewReader(unpackFrames(packed).views).quality(0)).toBe(100);
    packed[5] = 0;
    expect(unpackFrames(packed).frames[0]?.quality).toBe(100);
  });
});
