/** The wave for a reader, and as one JSON object. */
import type { Terminal } from '../../../src/cli/terminal.ts';
import { formatTable } from '../../../src/cli/terminal.ts';
import { condense, sparkline } from './curve.ts';
import type { MeasuredStep, Overload, Steady } from './stages.ts';

export interface WaveFigures {
  readonly steady: Steady | null;
  readonly sustained: { readonly perSecond: number; readonly steps: readonly MeasuredStep[] } | null;
  readonly overload: Overload | null;
  readonly peakRssMb: number;
}

const curveColumns = 80;
const tableRowsMax = 30;

/** The figures by the names under which they are followed from one version to the next; null for a stage left out. */
export function summaryOf({ steady, sustained, overload, peakRssMb }: WaveFigures) {
  return {
    sustainedPerSecond: sustained === null ? null : round(sustained.perSecond),
    p50Ms: steady === null ? null : round(steady.p50Ms),
    p99Ms: steady === null ? null : round(steady.p99Ms),
    recall: steady === null ? null : round(steady.recall, 4),
    leaked: steady?.leaked ?? null,
    falseBlocks: steady?.falseBlocks ?? null,
    cpuMsPerUpload: steady === null ? null : round(steady.cpuMsPerUpload),
    peakRssMb,
    steady: steady === null ? null : rounded(steady),
    sustained: sustained === null ? null : sustained.steps.map(rounded),
    overload: overload === null ? null : rounded(overload),
  };
}

export function printFigures(figures: WaveFigures, terminal: Terminal): void {
  if (figures.steady !== null) printSteady(figures.steady, terminal);
  if (figures.sustained !== null) printSteps(figures.sustained.steps, terminal);
  if (figures.overload !== null) printOverload(figures.overload, terminal);
}

function printSteady(steady: Steady, terminal: Terminal): void {
  const { rate, offered, p50Ms, p99Ms, p50Range, p99Range, recall, recallEdited, leaked, held } = steady;
  const range = ([least, most]: readonly [number, number]) => `${least.toFixed(0)} to ${most.toFixed(0)}`;
  terminal.note(`${offered} uploads at ${rate} a second:`);
  terminal.note(
    `  p50 ${p50Ms.toFixed(0)} ms (thirds: ${range(p50Range)}), p99 ${p99Ms.toFixed(0)} ms (${range(p99Range)})`,
  );
  terminal.note(
    `  recall ${percent(recall)}, of edited copies ${percent(recallEdited)}; ${leaked} leaked, ${held} held`,
  );
  terminal.note(
    `  ${steady.falseBlocks} false blocks, ${steady.falseHolds} unrelated held, ${steady.degraded} degraded`,
  );
  terminal.note(
    `  ${steady.cpuMsPerUpload.toFixed(1)} ms of a core an upload; the bench took ${steady.benchCpuMsPerUpload.toFixed(1)} ms`,
  );
  terminal.note(`  other work on the machine took ${steady.othersCores.toFixed(2)} cores`);
  for (const [file, count] of Object.entries(steady.missedFiles)) terminal.note(`  missed ${count} x ${file}`);
  for (const [file, count] of Object.entries(steady.wrongFiles)) terminal.note(`  wrongly ${count} x ${file}`);
  for (const [file, count] of Object.entries(steady.slowFiles)) terminal.note(`  slow ${count} x ${file}`);
}

function printSteps(steps: readonly MeasuredStep[], terminal: Terminal): void {
  const rows = [...steps]
    .sort((a, b) => a.rate - b.rate)
    .map((step) => {
      const times = [step.p50Ms, step.p99Ms, step.backlogGrowth].map((value) => value.toFixed(0));
      return [step.rate.toFixed(1), step.held ? 'yes' : 'no', ...times, percent(step.recall), String(step.degraded)];
    });
  const head = ['a second', 'held', 'p50 ms', 'p99 ms', 'backlog grew', 'recall', 'degraded'];
  for (const line of formatTable([head, ...rows])) terminal.note(line);
}

function printOverload(overload: Overload, terminal: Terminal): void {
  const { perSecond, seconds, offered, lost, maxBacklog, maxRung, curve } = overload;
  terminal.note(
    `${perSecond} uploads a second for ${seconds} s: ${offered} offered, ${lost} lost, backlog up to ${maxBacklog}`,
  );
  const over = overload.recoveredSeconds;
  terminal.note(
    `  ${over === null ? 'not recovered' : `recovered ${over} s after its end`}; lowest rung ${maxRung ?? 'not told'}`,
  );
  const columns = condense(curve, curveColumns);
  for (const name of ['offered', 'decided', 'backlog', 'p50Ms', 'degraded', 'rung'] as const) {
    const values = columns.map((point) => point[name]);
    const known = values.filter((value) => value !== null);
    const most = known.length === 0 ? 'not told' : `up to ${Math.max(...known)}`;
    terminal.note(`  ${name.padEnd(9)}${sparkline(values)} ${most}`);
  }
  const cells = condense(curve, tableRowsMax).map((point) => {
    const { second, offered: came, decided, backlog, p50Ms, degraded, rung } = point;
    return [second, came, decided, backlog, p50Ms ?? '-', degraded, rung ?? '-'].map(String);
  });
  const head = ['from second', 'offered', 'decided', 'backlog', 'p50 ms', 'degraded', 'rung'];
  for (const line of formatTable([head, ...cells])) terminal.note(line);
}

function rounded<T extends object>(values: T): T {
  const entries = Object.entries(values).map(([key, value]) => [
    key,
    typeof value === 'number' ? round(value, 4) : value,
  ]);
  return Object.fromEntries(entries) as T;
}

function round(value: number, digits = 1): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
