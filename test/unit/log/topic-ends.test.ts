import { expect, it } from 'vitest';
import { TopicEnds } from '../../../src/log/topic-ends.ts';

const none = { uploads: 0, decisions: 0, 'stream-decisions': 0, fingerprints: 0, bank: 0, 'dead-letters': 0 };

it('wakes those who wait for the topic that grew, and nobody else', async () => {
  const ends = new TopicEnds(none);
  const woken: string[] = [];
  const controller = new AbortController();
  const waits = [
    ends.waitBeyond('uploads', 0, controller.signal).then(() => woken.push('uploads 0')),
    ends.waitBeyond('uploads', 5, controller.signal).then(() => woken.push('uploads 5')),
    ends.waitBeyond('bank', 0, controller.signal).then(() => woken.push('bank 0')),
  ];
  ends.advance({ ...none, uploads: 3 });
  await waits[0];
  expect(woken).toEqual(['uploads 0']);
  expect(ends.of('uploads')).toBe(3);
  controller.abort();
  await Promise.all(waits);
  expect(woken).toHaveLength(3);
});

it('does not wait for what is there, nor for an aborted signal', async () => {
  const ends = new TopicEnds({ ...none, bank: 2 });
  await ends.waitBeyond('bank', 1, new AbortController().signal);
  await ends.waitBeyond('bank', 2, AbortSignal.abort());
  expect(ends.of('bank')).toBe(2);
});
