/**
 * Decompression of what other clients send: kafkajs brings gzip alone, and a batch of another codec from any producer
 * would stop the consumer for good. Floodgate itself sends uncompressed.
 */
import { decompress as zstdDecompress } from 'fzstd';
import { decompressFrame as lz4Decompress } from 'lz4-napi';
import { uncompress as snappyDecompress } from 'snappy';
import { FloodgateError } from '../../errors.ts';
import { CompressionCodecs, CompressionTypes } from './internals.ts';

/** Java's snappy clients frame their blocks: a magic, two versions, then blocks with their length. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;

export async function decompressSnappy(data: Buffer): Promise<Buffer> {
  if (!data.subarray(0, xerialMagic.length).equals(xerialMagic)) return block(data);
  const blocks: Buffer[] = [];
  for (let at = xerialHeaderBytes; at + 4 <= data.length; ) {
    const size = data.readUInt32BE(at);
    blocks.push(await block(data.subarray(at + 4, at + 4 + size)));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

async function block(data: Buffer): Promise<Buffer> {
  return (await snappyDecompress(data, { asBuffer: true })) as Buffer;
}

function decoder(decompress: (data: Buffer) => Promise<Buffer>) {
  return () => ({
    compress: async () => {
      throw new FloodgateError('internal', 'Floodgate sends uncompressed');
    },
    decompress,
  });
}

/** Safe to call more than once. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = decoder(decompressSnappy);
  CompressionCodecs[CompressionTypes.LZ4] = decoder(async (data) => lz4Decompress(data));
  CompressionCodecs[CompressionTypes.ZSTD] = decoder(async (data) => Buffer.from(zstdDecompress(data)));
}
