/** A bank that answers what a test tells it to. */
import type { Bank } from '../../src/bank/bank.ts';
import { knownContent } from './frame-matches.ts';

/** Knows content 1 and finds nothing, unless told otherwise. */
export function bankOf(answers: Partial<Bank> = {}): Bank {
  return {
    position: -1,
    deepContents: 0,
    deepHashes: 0,
    search: (_frame, radiusBits) => ({ matches: [], capped: false, radiusBits }),
    nameDeep: (_queries, radiusBits) => ({ named: [], capped: false, radiusBits }),
    deep: () => undefined,
    findBySha256: () => [],
    content: (contentNumber) => (contentNumber === 1 ? knownContent() : undefined),
    ...answers,
  };
}
