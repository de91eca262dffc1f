import { gzipSync } from 'node:zlib';
import { compressFrame } from 'lz4-napi';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { decompressSnappy, registerCodecs } from '../../../../src/log/kafka/codecs.ts';
import { CompressionCodecs, CompressionTypes } from '../../../../src/log/kafka/internals.ts';

const text = Buffer.from('floodgate '.repeat(500));
/** "floodgate " 500 times, by `zstd -19`, since the decoder cannot encode. */
const zstdOfText = Buffer.from('KLUv/WSIEpUAAFBmbG9vZGdhdGUgAQB7074gAQfz7gs=', 'base64');

/** As Java's snappy clients frame it: blocks of at most so many bytes. */
function xerial(data: Buffer, blockBytes: number): Buffer {
  const parts: Buffer[] = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])];
  for (let at = 0; at < data.length; at += blockBytes) {
    const block = compressSync(data.subarray(at, at + blockBytes));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

type Codec = () => { compress(): Promise<unknown>; decompress(data: Buffer): Promise<Buffer> };

function codecOf(type: number): ReturnType<Codec> {
  registerCodecs();
  return (CompressionCodecs as unknown as Record<number, Codec>)[type]?.() as ReturnType<Codec>;
}

async function decompress(type: number, data: Buffer): Promise<Buffer> {
  return Buffer.from(await codecOf(type).decompress(data));
}

describe('codecs', () => {
  it.each([
    ['gzip', CompressionTypes.GZIP, gzipSync(text)],
    ['snappy', CompressionTypes.Snappy, compressSync(text)],
    ['snappy in frames', CompressionTypes.Snappy, xerial(text, 700)],
    ['zstd', CompressionTypes.ZSTD, zstdOfText],
  ])('read %s', async (_name, type, data) => {
    expect((await decompress(type, data)).equals(text)).toBe(true);
  });

  it('read lz4', async () => {
    expect((await decompress(CompressionTypes.LZ4, await compressFrame(text))).equals(text)).toBe(true);
  });

  it('read frames of snappy without a block as nothing', async () => {
    expect(await decompressSnappy(xerial(Buffer.alloc(0), 10))).toHaveLength(0);
  });

  // Goal: a damaged batch must fail, and neither hang nor give other bytes.
  it.each([
    ['gzip', CompressionTypes.GZIP, gzipSync(text)],
    ['snappy', CompressionTypes.Snappy, compressSync(text)],
    ['snappy in frames', CompressionTypes.Snappy, xerial(text, 700)],
    ['zstd', CompressionTypes.ZSTD, zstdOfText],
  ])('refuse %s that is cut off or is something else', async (_name, type, data) => {
    const cut = data.subarray(0, data.length - 5);
    await expect(
      decompress(type, cut).then((read) => read.equals(text) || Promise.reject(new Error('other'))),
    ).rejects.toThrow();
    await expect(decompress(type, Buffer.from('not compressed at all'))).rejects.toThrow();
  });

  it('refuse lz4 that is something else', async () => {
    await expect(decompress(CompressionTypes.LZ4, Buffer.from('not compressed at all'))).rejects.toThrow();
  });

  it('write nothing compressed', async () => {
    await expect(codecOf(CompressionTypes.Snappy).compress()).rejects.toMatchObject({ code: 'internal' });
  });
});
