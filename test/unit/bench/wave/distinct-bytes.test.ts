// Goal: two copies served from one file are different files to whoever hashes them, and the same to whoever decodes them.
import { expect, it } from 'vitest';
import { distinctTail } from '../../../bench/wave/distinct-bytes.ts';

it.each(['.mp4', '.mov', '.m4v', '.webm', '.mkv', '.avi'])(
  'gives each upload of a %s file a tail of its own',
  (extension) => {
    const [one, other] = [distinctTail(extension, 'one'), distinctTail(extension, 'other')];
    expect(one.equals(other)).toBe(false);
    expect(one.length).toBe(other.length);
    expect(one.equals(distinctTail(extension, 'one'))).toBe(true);
  },
);

it('ends a file with an element that says its own length', () => {
  const box = distinctTail('.mp4', 'one');
  expect(box.readUInt32BE(0)).toBe(box.length);
  expect(box.subarray(4, 8).toString()).toBe('free');
  const chunk = distinctTail('.avi', 'one');
  expect(chunk.readUInt32LE(4)).toBe(chunk.length - 8);
  const element = distinctTail('.mkv', 'one');
  expect((element[1] ?? 0) & 0x7f).toBe(element.length - 2);
});

it('refuses a format that it does not know', () => {
  expect(() => distinctTail('.jpg', 'one')).toThrow('.jpg');
});
