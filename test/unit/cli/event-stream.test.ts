import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents } from '../../../src/cli/event-stream.ts';

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function eventsOf(text: string, size = text.length * 4) {
  const events = [];
  for await (const event of readEvents(piecesOf(new TextEncoder().encode(text), size))) events.push(event);
  return events;
}

describe('readEvents', () => {
  it('reads ids and data, and passes over the rest', async () => {
    const text = 'retry: 2000\n\n: heartbeat\n\nid: 7\nevent: decision\ndata: {"a":1}\n\ndata:no id\n\n';
    expect(await eventsOf(text)).toEqual([
      { id: '7', name: 'decision', data: '{"a":1}' },
      { id: '', name: 'message', data: 'no id' },
    ]);
  });

  it('joins lines of data, and knows lines that end in CR LF', async () => {
    expect(await eventsOf('data: a\r\ndata: b\r\n\r\n')).toEqual([{ id: '', name: 'message', data: 'a\nb' }]);
  });

  it('drops an event that is cut off', async () => {
    expect(await eventsOf('data: whole\n\nid: 8\ndata: cut')).toEqual([{ id: '', name: 'message', data: 'whole' }]);
  });

  it('does not depend on where the stream is cut into pieces, not even within a letter', async () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text)),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 7 }), async (data, size) => {
        const stream = data.map((text, id) => `id: ${id}\ndata: ${text}\n\n`).join('');
        expect(await eventsOf(stream, size)).toEqual(
          data.map((text, id) => ({ id: String(id), name: 'message', data: text })),
        );
      }),
      { numRuns: 50 },
    );
  });
});
