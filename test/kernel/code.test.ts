/** Goal: a code is the hash with its bits rearranged as the twin says, no bit lost or doubled. */
import { describe, expect, it } from 'vitest';
import { callKernel, createSharedMemory, instantiateOn } from '../../src/kernel/kernel-binary.ts';
import { chunksOf } from '../support/code-twin.ts';
import { seededBytes } from '../support/synthetic-frames.ts';

describe.each(['release', 'debug'] as const)('codes, %s binary', (build) => {
  const memory = createSharedMemory(65_536);
  const { calls } = instantiateOn(build, memory);
  callKernel(() => calls.startIndex(1));
  const codeOf = (hash: Uint8Array): number[] => {
    new Uint8Array(memory.buffer, calls.queriesAddress(), 32).set(hash);
    callKernel(() => calls.search(1, 0, 1, 0));
    return [...new Uint16Array(memory.buffer, calls.queryCodesAddress(), 16)];
  };

  it('has each bit of the hash where the twin has it', () => {
    for (let bit = 0; bit < 256; bit++) {
      const hash = new Uint8Array(32);
      hash[bit >> 3] = 1 << (bit & 7);
      expect({ bit, code: codeOf(hash) }).toEqual({ bit, code: chunksOf(hash, 'diagonal') });
    }
  });

  it('equals the twin on random hashes', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const hash = seededBytes(seed, 32);
      expect(codeOf(hash)).toEqual(chunksOf(hash, 'diagonal'));
    }
  });
});
