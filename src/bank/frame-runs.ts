/** Runs: frames of a still scene that follow one another are kept as one, with the time from the first to the last. */

/** Sampling steps that two frames of one run may lie apart: one may have been dropped between them. */
const runSteps = 2;
const usualStepMs = 1000;

/** Frames that lie further apart are no run, however alike. */
export function runBreakMs(framesPerSecond: number): number {
  return runSteps * (framesPerSecond > 0 ? 1000 / framesPerSecond : usualStepMs);
}
