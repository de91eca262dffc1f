/** The stages of the wave: the day as it was, the highest rate that is kept up, and ten times the day. */
import type { Terminal } from '../../../src/cli/terminal.ts';
import { type CurvePoint, curveOf, fullEffortSeconds, recoveredSeconds } from './curve.ts';
import type { Load } from './load.ts';
import type { WaveOptions } from './options.ts';
import { arrivalsMs } from './schedule.ts';
import { backlogGrowth, isHeld, nextRate, type Step, sustainedRate } from './sustained.ts';
import { latenciesMs, type Offered, spreadOf, type Tally, tallyOf } from './tally.ts';
import { type Cost, readRung, type Watch } from './watch.ts';

export interface WaveRig {
  readonly options: WaveOptions;
  readonly terminal: Terminal;
  readonly load: Load;
  readonly watch: Watch;
  /** Of the service. */
  readonly url: string;
}

interface Period {
  readonly uploads: readonly Offered[];
  readonly startMs: number;
  /** From the first upload to the last decision. */
  readonly cost: Cost;
}

/** Offers uploads at a rate for so long, and waits for their decisions. */
async function measurePeriod(rig: WaveRig, moments: readonly number[], isOver?: () => boolean): Promise<Period> {
  const endWatch = rig.watch.begin();
  const startMs = performance.now();
  const uploads = await rig.load.offer(moments, isOver);
  await rig.load.drain();
  return { uploads, startMs, cost: endWatch() };
}

export async function warmUp(rig: WaveRig): Promise<Tally> {
  const { rate, warmUpSeconds, arrivals, seed } = rig.options;
  rig.terminal.note(`warming up for ${warmUpSeconds} s at ${rate / 4} a second ...`);
  const { uploads } = await measurePeriod(rig, arrivalsMs(rate / 4, warmUpSeconds, arrivals, seed));
  return tallyOf(uploads);
}

export type Steady = Awaited<ReturnType<typeof measureSteady>>;

export async function measureSteady(rig: WaveRig) {
  const { rate, seconds, arrivals, seed } = rig.options;
  rig.terminal.note(`${rate} uploads a second for ${seconds} s ...`);
  const { uploads, startMs, cost } = await measurePeriod(rig, arrivalsMs(rate, seconds, arrivals, seed + 1));
  const backlog = curveOf(uploads, startMs, new Map()).map((point) => point.backlog);
  return {
    rate,
    seconds,
    ...tallyOf(uploads),
    p50Range: spreadOf(uploads, 0.5, 3),
    p99Range: spreadOf(uploads, 0.99, 3),
    maxBacklog: Math.max(0, ...backlog),
    elapsedSeconds: cost.seconds,
    cpuMsPerUpload: (cost.cpuSeconds * 1000) / uploads.length,
    benchCpuMsPerUpload: (cost.benchCpuSeconds * 1000) / uploads.length,
    othersCores: cost.othersCores,
  };
}

export type MeasuredStep = Awaited<ReturnType<typeof measureStep>>;

export async function measureSustained(rig: WaveRig): Promise<{ perSecond: number; steps: MeasuredStep[] }> {
  const { rate: first, stepsMax } = rig.options;
  const steps: MeasuredStep[] = [];
  const known = (): Step[] => steps.map(({ rate, held }) => ({ rate, held }));
  for (let rate = nextRate([], first, stepsMax); rate !== null; rate = nextRate(known(), first, stepsMax)) {
    rig.terminal.note(`step ${steps.length + 1}: ${rate.toFixed(1)} a second ...`);
    const step = await measureStep(rig, rate, steps.length);
    steps.push(step);
    rig.terminal.note(
      `  ${step.held ? 'held' : 'not held'}: p99 ${step.p99Ms.toFixed(0)} ms, backlog up to ${step.maxBacklog}`,
    );
  }
  return { perSecond: sustainedRate(known()), steps };
}

/** A backlog of so many seconds' uploads is not caught up with within the step: it ends, and saves everybody the wait. */
const givenUpSeconds = 6;

async function measureStep(rig: WaveRig, rate: number, index: number) {
  const { stepSeconds, arrivals, seed } = rig.options;
  let givenUp = false;
  const isOver = () => {
    givenUp ||= rig.load.undecided > Math.max(50, rate * givenUpSeconds);
    return givenUp;
  };
  const moments = arrivalsMs(rate, stepSeconds, arrivals, seed + 100 + index);
  const { uploads, startMs, cost } = await measurePeriod(rig, moments, isOver);
  const tally = tallyOf(uploads);
  const backlog = curveOf(uploads, startMs, new Map()).map((point) => point.backlog);
  const during = backlog.slice(0, Math.floor(stepSeconds));
  const held = isHeld({ rate, latenciesMs: latenciesMs(uploads), backlog: during, givenUp, lost: tally.lost });
  return {
    rate,
    held,
    givenUp,
    offered: tally.offered,
    p50Ms: tally.p50Ms,
    p99Ms: tally.p99Ms,
    maxBacklog: Math.max(0, ...backlog),
    backlogGrowth: backlogGrowth(during),
    recall: tally.recall,
    lost: tally.lost,
    degraded: tally.degraded,
    cpuMsPerUpload: (cost.cpuSeconds * 1000) / uploads.length,
    othersCores: cost.othersCores,
  };
}

export interface Overload extends Tally {
  readonly perSecond: number;
  readonly seconds: number;
  readonly maxBacklog: number;
  readonly maxRung: number | null;
  readonly recoveredSeconds: number | null;
  readonly fullEffortSeconds: number | null;
  readonly refused: number;
  readonly cpuMsPerUpload: number;
  readonly curve: readonly CurvePoint[];
}

/** After it is over the curve goes on for so long, so that one sees that it is. */
const calmSeconds = 5;
/** If by then there are more undecided uploads than when the overload ended, the service does not recover at this rate. */
const hopeSeconds = 30;

export async function measureOverload(rig: WaveRig): Promise<Overload> {
  const { rate, overloadFactor, overloadSeconds, recoverySecondsMax, arrivals, seed } = rig.options;
  const perSecond = rate * overloadFactor;
  rig.terminal.note(`${perSecond} uploads a second for ${overloadSeconds} s, then ${rate} until it is over ...`);
  const after = arrivalsMs(rate, recoverySecondsMax, arrivals, seed + 3).map(
    (moment) => moment + overloadSeconds * 1000,
  );
  const moments = [...arrivalsMs(perSecond, overloadSeconds, arrivals, seed + 2), ...after];
  const startMs = performance.now();
  const refusedBefore = rig.load.refused;
  const rungs = followRungs(rig.url, startMs);
  const isOver = recoveryWatch(rig, startMs, () => (rungs.newest() ?? 0) === 0);
  const { uploads, cost } = await measurePeriod(rig, moments, isOver);
  rungs.stop();
  const curve = curveOf(uploads, startMs, rungs.bySecond);
  const known = curve.flatMap(({ rung }) => rung ?? []);
  return {
    ...tallyOf(uploads),
    perSecond,
    seconds: overloadSeconds,
    maxBacklog: Math.max(0, ...curve.map(({ backlog }) => backlog)),
    maxRung: known.length === 0 ? null : Math.max(...known),
    // One second's uploads are on their way at any time when nothing waits.
    recoveredSeconds: recoveredSeconds(curve, overloadSeconds, rate),
    fullEffortSeconds: fullEffortSeconds(curve, overloadSeconds),
    refused: rig.load.refused - refusedBefore,
    cpuMsPerUpload: (cost.cpuSeconds * 1000) / uploads.length,
    curve,
  };
}

/** Tells whether the overload is over for good, or for ever. */
function recoveryWatch({ options, load }: WaveRig, startMs: number, isFullEffort: () => boolean): () => boolean {
  let calmSinceMs: number | undefined;
  let backlogAtEnd: number | undefined;
  return () => {
    const nowMs = performance.now();
    const sinceEndMs = nowMs - startMs - options.overloadSeconds * 1000;
    if (sinceEndMs < 0) return false;
    backlogAtEnd ??= load.undecided;
    const calm = load.undecided <= options.rate && isFullEffort();
    calmSinceMs = calm ? (calmSinceMs ?? nowMs) : undefined;
    if (sinceEndMs > hopeSeconds * 1000 && load.undecided > backlogAtEnd) return true;
    return calmSinceMs !== undefined && nowMs - calmSinceMs > calmSeconds * 1000;
  };
}

/** Reads the rung every second; a service that does not tell it is asked once. */
function followRungs(url: string, startMs: number) {
  const bySecond = new Map<number, number>();
  let newest: number | null = null;
  const read = async () => {
    // A service that is too busy to answer is asked again in a second.
    const rung = await readRung(url).catch(() => undefined);
    if (rung === undefined) return;
    if (rung === null) return clearInterval(timer);
    newest = rung;
    bySecond.set(Math.floor((performance.now() - startMs) / 1000), newest);
  };
  const timer = setInterval(() => void read(), 1_000);
  return { bySecond, newest: () => newest, stop: () => clearInterval(timer) };
}
