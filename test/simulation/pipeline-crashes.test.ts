/**
 * Goal: however uploads, redeliveries, crashes and failing settlements fall together, each valid event has exactly one
 * decision, each other record exactly one dead letter, and the revisions of an upload follow the order of its events.
 */
import fc from 'fast-check';
import { it } from 'vitest';
import { playPipeline, plays } from '../support/pipeline-simulation.ts';

// A failure prints the seed and the path with which fast-check plays it again.
it('decides every event once, in order, through crashes and failures', async () => {
  await fc.assert(fc.asyncProperty(plays, playPipeline), {
    numRuns: 40,
    interruptAfterTimeLimit: 25_000,
    markInterruptAsFailure: true,
  });
});
