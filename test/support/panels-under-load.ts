/** Every panel of every dashboard, asked of a real Prometheus that has scraped services under load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { dashboardExpressions, panelsOf, readDashboards, readRules, withoutVariables } from './dashboards.ts';
import { startPrometheus } from './prometheus-server.ts';
import { type CommandResult, runCommand } from './run-command.ts';

export interface Observed {
  /** The traffic, as its command ended. */
  readonly traffic: CommandResult;
  /** Queries without a number in their answer, by place. */
  readonly empty: string[];
  /** Recording rules without a series. */
  readonly unrecorded: string[];
  /** The latest value of each series of an expression. */
  latest(expr: string): Promise<number[]>;
  stop(): Promise<void>;
}

const trafficSeconds = 20;
/** Scraped once a second: a window of ten has samples enough. */
const rateInterval = '10s';

/** Sends traffic to the first address, and looks at the dashboards meanwhile and over all of it. */
export async function observeUnderLoad(addresses: readonly string[]): Promise<Observed> {
  const prometheus = await startPrometheus(addresses);
  try {
    const args = ['traffic', '--url', addresses[0] ?? '', '--seconds', String(trafficSeconds), '--rate', '8', '--json'];
    const traffic = await runCommand(args, { timeoutMs: 120_000 });
    await sleep(2_500);
    const ask = (expr: string) => prometheus.values(withoutVariables(expr, rateInterval), trafficSeconds + 30);
    const empty: string[] = [];
    for (const { place, expr } of readDashboards().flatMap(dashboardExpressions)) {
      const numbers = (await ask(expr)).flat().filter((value) => Number.isFinite(Number(value)));
      if (numbers.length === 0) empty.push(place);
    }
    const unrecorded: string[] = [];
    for (const { record = '' } of readRules('recording')) if ((await ask(record)).length === 0) unrecorded.push(record);
    const latest = async (expr: string) => (await ask(expr)).map((series) => Number(series.at(-1)));
    return { traffic, empty, unrecorded, latest, stop: () => prometheus.stop() };
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
}

export function panelCount(): number {
  return readDashboards().flatMap(panelsOf).length;
}
