import { describe, expect, it } from 'vitest';
import { ParentSink } from '../../../../src/fingerprint/child/parent-sink.ts';
import type { FromChild } from '../../../../src/fingerprint/protocol.ts';

const frame = { timeMs: 0, quality: 100, hashes: new Uint8Array(256) };
const batch = { timeMs: 0, aspect: 1, regions: [] };

function begin() {
  const said: FromChild[] = [];
  const sink = new ParentSink(7, (message) => said.push(message));
  return { sink, kinds: () => said.map(({ kind }) => kind), ids: () => said.map((each) => 'id' in each && each.id) };
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  return settled;
}

describe('what a child says to its parent', () => {
  it('is said at once, by the id of the job', () => {
    const { sink, kinds, ids } = begin();
    sink.emit(frame);
    sink.emitRegions(batch);
    expect(kinds()).toEqual(['frame', 'regions']);
    expect(ids()).toEqual([7, 7]);
  });

  it.each([
    ['go', false],
    ['stop', true],
  ] as const)('is waited for until the parent answers: %s', async (answer, stopped) => {
    const { sink, kinds } = begin();
    sink.emit(frame);
    const settling = sink.settle();
    expect(await isSettled(settling)).toBe(false);
    sink.hear(answer);
    await settling;
    expect(kinds()).toEqual(['frame', 'wait']);
    expect(sink.stopped).toBe(stopped);
  });

  it('is waited for once, and not when it was told to stop', async () => {
    const { sink, kinds } = begin();
    await sink.settle();
    sink.emitRegions(batch);
    const settling = sink.settle();
    sink.hear('go');
    await settling;
    await sink.settle();
    sink.emitRegions(batch);
    sink.hear('stop');
    await sink.settle();
    expect(kinds()).toEqual(['regions', 'wait', 'regions']);
  });

  it('lets the event loop turn only after something was said', async () => {
    const { sink } = begin();
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await sink.breathe();
    expect(turned).toBe(false);
    sink.emit(frame);
    await sink.breathe();
    expect(turned).toBe(true);
  });
});
