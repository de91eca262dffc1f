/** Goal: what the kernel bench calls the truth is true, and a row that misses, invents or misplaces a hit shows it. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/demo/random.ts';
import { codeAt, findTruth, makeBank, makeQueries, Recall, radiusBits } from '../../bench/kernel/codes.ts';
import { bitsApart } from '../../support/hamming-twin.ts';

const codes = makeBank('near-identical', 1_000, 3);
const queries = makeQueries(codes, 200, createRandom(5));
const truth = findTruth(codes, queries);

it('finds exactly what counting bit by bit finds', () => {
  const slow = Array.from({ length: 200 }, (_, query) =>
    Array.from({ length: 1_000 }, (_, at) => ({ at, bits: bitsApart(codeAt(queries, query), codeAt(codes, at)) }))
      .filter(({ bits }) => bits <= radiusBits)
      .map(({ at, bits }) => at * 512 + bits),
  );
  expect(truth).toEqual(slow);
  expect(truth.filter((_, query) => query % 2 === 0).every((hits) => hits.length > 0)).toBe(true);
  expect(truth.some((hits) => hits.length > 3)).toBe(true);
});

describe('the recall of a row', () => {
  const hits = truth.flatMap((found, query) => found.flatMap((hit) => [query, Math.floor(hit / 512), hit % 512]));
  const recallOf = (found: readonly number[]) => {
    const recall = new Recall(truth);
    recall.count(0, 200, found);
    return { share: recall.share, wrong: recall.wrong };
  };

  it('is 1 for all hits in any order', () => {
    const backwards = hits.flatMap((_, at) => (at % 3 === 0 ? hits.slice(hits.length - at - 3, hits.length - at) : []));
    expect(recallOf(hits)).toEqual({ share: 1, wrong: 0 });
    expect(recallOf(backwards)).toEqual({ share: 1, wrong: 0 });
  });

  it('falls with a hit that is missing', () => {
    expect(recallOf(hits.slice(3)).share).toBeLessThan(1);
    expect(recallOf(hits.slice(3)).wrong).toBe(0);
  });

  it('counts a wrong distance and a hit that comes twice as wrong', () => {
    const [query = 0, at = 0, bits = 0] = hits;
    expect(recallOf([query, at, bits + 1, ...hits.slice(3)])).toMatchObject({ wrong: 1 });
    expect(recallOf([...hits, query, at, bits])).toEqual({ share: 1, wrong: 1 });
  });
});
