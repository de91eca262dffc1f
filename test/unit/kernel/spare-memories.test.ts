/** Goal: memories are used again where they fit, and do not pile up. */
import { describe, expect, it } from 'vitest';
import { createSharedMemory } from '../../../src/kernel/kernel-binary.ts';
import { SpareMemories } from '../../../src/kernel/spare-memories.ts';

const page = 65_536;
const memoryOf = (pages: number) => createSharedMemory(pages * page, pages * page);

describe('SpareMemories', () => {
  it('gives the smallest that fits, once', () => {
    const spares = new SpareMemories();
    const [large, small, tooSmall] = [memoryOf(6), memoryOf(4), memoryOf(2)];
    for (const memory of [large, small, tooSmall]) spares.keep(memory);
    expect(spares.take(3 * page)).toBe(small);
    expect(spares.take(3 * page)).toBe(large);
    expect(spares.take(3 * page)).toBeUndefined();
    expect(spares.take(2 * page)).toBe(tooSmall);
  });

  it('does not spend a large one on little', () => {
    const spares = new SpareMemories();
    spares.keep(memoryOf(9));
    expect(spares.take(2 * page)).toBeUndefined();
    expect(spares.take(3 * page)).toBeDefined();
  });

  it('lets the oldest go when there are too many', () => {
    const spares = new SpareMemories();
    const memories = [1, 2, 3, 4, 5].map(memoryOf);
    for (const memory of memories) spares.keep(memory);
    expect(spares.take(page)).toBe(memories[1]);
  });
});
