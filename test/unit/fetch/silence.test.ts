import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { watchIdle } from '../../../src/fetch/silence.ts';

async function readAll(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

it('loses nothing when the reader comes late', async () => {
  const stream = Readable.from(['a', 'b', 'c']);
  const end = watchIdle(stream, 1_000);
  await pause(10);
  expect(await readAll(stream)).toBe('abc');
  end();
});

it('bears a stream that is slow, and ends one that is silent', async () => {
  const slow = new Readable({ read: () => undefined });
  const end = watchIdle(slow, 80);
  const reading = readAll(slow);
  for (const letter of 'abcd') {
    await pause(30);
    slow.push(letter);
  }
  slow.push(null);
  expect(await reading).toBe('abcd');
  end();

  const silent = new Readable({ read: () => undefined });
  watchIdle(silent, 20);
  silent.push('begun');
  await expect(readAll(silent)).rejects.toMatchObject({ code: 'BODY_TIMEOUT' });
});
