/** A real Prometheus with the committed configuration and rules, pointed at services of a test and in more of a hurry. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { packageFile } from '../../src/config/paths.ts';
import { freePorts } from './kafka/free-ports.ts';

interface Configuration {
  readonly global: Record<string, string>;
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly { readonly static_configs: readonly { readonly targets: readonly string[] }[] }[];
}

export interface PrometheusServer {
  /** Values of each series that the expression gives over the last `seconds`, as text: a number or "NaN". */
  values(expr: string, seconds: number): Promise<string[][]>;
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;

/** `addresses` are URLs of services; each is scraped once a second. */
export async function startPrometheus(addresses: readonly string[]): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-prometheus-'));
  await writeFile(join(folder, 'prometheus.yml'), stringify(await configurationFor(addresses)));
  const [port] = await freePorts(1);
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-5_000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  for (const giveUpMs = performance.now() + startTimeoutMs; ; await sleep(100)) {
    if ((await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true) break;
    if (child.exitCode === null && performance.now() < giveUpMs) continue;
    await stop();
    throw new Error(`Prometheus did not start: ${said}`);
  }
  return { values: (expr, seconds) => queryRange(url, expr, seconds), stop };
}

async function configurationFor(addresses: readonly string[]): Promise<Configuration> {
  const path = packageFile('prometheus/prometheus.yml');
  const committed = parse(await readFile(path, 'utf8')) as Configuration;
  return {
    global: { ...committed.global, scrape_interval: '1s', evaluation_interval: '2s' },
    rule_files: committed.rule_files.map((file) => packageFile(join('prometheus', file))),
    scrape_configs: committed.scrape_configs.map((scrape) => ({
      ...scrape,
      static_configs: [{ targets: addresses.map((address) => new URL(address).host) }],
    })),
  };
}

async function queryRange(url: string, expr: string, seconds: number): Promise<string[][]> {
  const end = Date.now() / 1000;
  const query = new URLSearchParams({ query: expr, start: String(end - seconds), end: String(end), step: '1' });
  const response = await fetch(`${url}/api/v1/query_range?${query}`);
  const body = (await response.json()) as {
    error?: string;
    data?: { result: { values: [number, string][] }[] };
  };
  if (body.data === undefined) throw new Error(`${expr}: ${body.error}`);
  return body.data.result.map(({ values }) => values.map(([, value]) => value));
}
