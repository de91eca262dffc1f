import { createRequire } from 'node:module';
import { compress } from 'snappy';
import { expect, it } from 'vitest';
import { decompressSnappy } from '../../../../src/log/kafka/codecs.ts';
import { kafkajsVersion } from '../../../../src/log/kafka/internals.ts';

const text = Buffer.from('known content '.repeat(500));

it('reads snappy as librdkafka sends it, and framed as Java sends it', async () => {
  const block = Buffer.from(await compress(text));
  expect(await decompressSnappy(block)).toEqual(text);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(block.length);
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1]);
  const framed = Buffer.concat([header, size, block, size, block]);
  expect(await decompressSnappy(framed)).toEqual(Buffer.concat([text, text]));
});

it('refuses damaged snappy', async () => {
  await expect(decompressSnappy(Buffer.from('this was never compressed by snappy'))).rejects.toThrow();
});

it('stands on the version of kafkajs whose inside it knows', () => {
  const installed = createRequire(import.meta.url)('kafkajs/package.json') as { version: string };
  expect(installed.version).toBe(kafkajsVersion);
});
