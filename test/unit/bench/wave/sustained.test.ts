// Goal: the rate that is reported is one that was kept up, by the definition that the goal gives.
import { describe, expect, it } from 'vitest';
import { backlogGrowth, isHeld, nextRate, type Step, sustainedRate } from '../../../bench/wave/sustained.ts';

/** The rates that the search tries on a service that keeps up with `capacity` a second. */
function search(capacity: number, first: number, stepsMax: number): Step[] {
  const steps: Step[] = [];
  for (let rate = nextRate([], first, stepsMax); rate !== null; rate = nextRate(steps, first, stepsMax)) {
    steps.push({ rate, held: rate <= capacity });
  }
  return steps;
}

describe('nextRate', () => {
  it.each([0.7, 3, 17.4, 25, 60, 200])('closes in on a capacity of %d a second from below', (capacity) => {
    const found = sustainedRate(search(capacity, 17.4, 12));
    expect(found).toBeLessThanOrEqual(capacity);
    expect(found).toBeGreaterThan(capacity * 0.88);
  });

  it('doubles while the rate is held, then bisects', () => {
    const rates = search(50, 17.4, 5).map(({ rate }) => Math.round(rate));
    expect(rates).toEqual([17, 35, 70, 49, 59]);
  });

  it('ends at the last step that it may take', () => {
    expect(search(1e9, 1, 8)).toHaveLength(8);
    expect(search(0, 1, 8)).toHaveLength(8);
    expect(sustainedRate(search(0, 1, 8))).toBe(0);
  });
});

it('does not report a rate above one that failed', () => {
  const steps = [
    { rate: 10, held: true },
    { rate: 20, held: false },
    { rate: 30, held: true },
  ];
  expect(sustainedRate(steps)).toBe(10);
});

describe('isHeld', () => {
  const good = { rate: 20, latenciesMs: Array(500).fill(300), backlog: Array(25).fill(6), givenUp: false, lost: 0 };

  it('holds for a steady backlog and short latencies', () => {
    expect(isHeld(good)).toBe(true);
  });

  it('does not hold when one in fifty takes two seconds', () => {
    expect(isHeld({ ...good, latenciesMs: [...Array(490).fill(300), ...Array(10).fill(2_000)] })).toBe(false);
  });

  it('does not hold when the backlog grows, however short the latencies are', () => {
    expect(isHeld({ ...good, backlog: Array.from({ length: 25 }, (_, second) => second) })).toBe(false);
  });

  it('does not hold when an upload is lost, the step was given up, or nothing was decided', () => {
    expect(isHeld({ ...good, lost: 1 })).toBe(false);
    expect(isHeld({ ...good, givenUp: true })).toBe(false);
    expect(isHeld({ ...good, latenciesMs: [] })).toBe(false);
  });
});

it('compares the end of the backlog with its middle', () => {
  expect(backlogGrowth([0, 0, 5, 5, 5, 5, 5, 9, 9, 9])).toBe(4);
  expect(backlogGrowth([90, 50, 7, 7, 7])).toBe(0);
});
