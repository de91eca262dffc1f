/** A small chaos run in both modes; `npm run chaos` is the large one. */
import { expect, it } from 'vitest';
import { runChaos } from '../../chaos/run-chaos.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';

describeWithOwnKafka('uploads while processors, broker and network break', () => {
  it.each(['exactly-once', 'at-least-once'] as const)(
    'are each decided once, in order, without contradiction: %s',
    async (mode) => {
      const small = { uploads: 600, kills: 2, processors: 2, partitions: 4, seed: 7, say: () => undefined };
      const result = await runChaos({ mode, ...small });
      expect(result).toMatchObject({
        uncommitted: 0,
        lost: 0,
        conflictingDecisions: 0,
        outOfOrder: 0,
        duplicatesUnderOtherIds: 0,
      });
      if (mode === 'exactly-once') expect(result.duplicates).toBe(0);
      expect(result.decided + result.deadLetters).toBeGreaterThanOrEqual(small.uploads);
      expect(result.faultsByKind).toMatchObject({ kills: 2, brokerRestarts: 1 });
    },
    240_000,
  );
});
