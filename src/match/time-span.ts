/** Stretches of time, milliseconds. */

export interface TimeSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** Both ends included. */
export function isWithin(timeMs: number, { startMs, endMs }: TimeSpan): boolean {
  return startMs <= timeMs && timeMs <= endMs;
}

/**
 * What lies within `reachMs` of some of the moments, joined where it meets, in order. `momentsMs` come best first: those
 * after the one with which the spans would last longer than `lastingMsMax` are left out.
 */
export function spansAround(momentsMs: readonly number[], reachMs: number, lastingMsMax: number): readonly TimeSpan[] {
  let spans: readonly TimeSpan[] = [];
  for (const momentMs of momentsMs) {
    const wider = joined([...spans, { startMs: Math.max(0, momentMs - reachMs), endMs: momentMs + reachMs }]);
    if (lastingMs(wider) > lastingMsMax) break;
    spans = wider;
  }
  return spans;
}

/** Of all spans together. */
export function lastingMs(spans: readonly TimeSpan[]): number {
  return spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

function joined(spans: readonly TimeSpan[]): TimeSpan[] {
  const out: TimeSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    const last = out.at(-1);
    if (last === undefined || span.startMs > last.endMs) out.push(span);
    else out[out.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, span.endMs) };
  }
  return out;
}
