/** Goal: `docker compose up` brings up what docs/operations/deployment.md says, hardened, and each command in it works. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DCLinter } from 'dclint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { packageFile } from '../../src/config/paths.ts';
import { settings } from '../../src/config/settings.ts';
import { readCompose } from '../support/compose.ts';
import { readDashboards } from '../support/dashboards.ts';
import { outsideTool } from '../support/outside-tool.ts';
import { runCommand } from '../support/run-command.ts';
import type { ServedProcess } from '../support/served-process.ts';
import { Rig } from '../support/service-calls.ts';

const path = packageFile('docker-compose.yml');
const compose = readCompose();
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image === 'floodgate:local');
const long = services.filter(([, { restart }]) => restart === 'unless-stopped');

interface LintedFile {
  readonly messages: readonly { readonly type: string; readonly rule: string; readonly message: string }[];
}

/** Errors of dclint, which holds the file to the schema of the Compose specification; its taste in order is not ours. */
function composeErrors(file: string): string[] {
  const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] });
  // Its types name files without extensions, which this project's resolution does not follow.
  const results: readonly LintedFile[] = linter.lintFiles([file], false);
  return results
    .flatMap(({ messages }) => messages)
    .flatMap(({ type, rule, message }) => (type === 'error' ? [`${rule}: ${message}`] : []));
}

describe('docker-compose.yml', () => {
  it('is valid under the Compose specification', () => {
    expect(composeErrors(path)).toEqual([]);
  });

  it('would be found out if it were not', () => {
    const folder = mkdtempSync(join(tmpdir(), 'floodgate-test-'));
    const broken = { services: { kafka: { image: 'apache/kafka:4.2.0', healthcheck: { test: 5 } } } };
    writeFileSync(join(folder, 'docker-compose.yml'), stringify(broken));
    expect(composeErrors(join(folder, 'docker-compose.yml')).join()).toContain('invalid-schema');
    rmSync(folder, { recursive: true });
  });

  it('has the log, two instances, a store, Prometheus, Grafana, and traffic in a profile', () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      [
        'buckets',
        'demo',
        'floodgate-1',
        'floodgate-2',
        'grafana',
        'kafka',
        'object-store',
        'prometheus',
        'topics',
      ].sort(),
    );
    expect(services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name)).toEqual(['demo']);
    expect(compose.services.demo?.profiles).toEqual(['demo']);
  });

  it('names every image with an exact tag, and no store that is no longer maintained', () => {
    const loose = services.filter(
      ([, { image }]) => !/:(local|v?\d+\.\d+(\.\d+)?)$/.test(image) || /minio/.test(image),
    );
    expect(loose).toEqual([]);
  });

  it('hardens every container of ours', () => {
    expect(ours.length).toBe(4);
    const soft = ours.filter(
      ([, each]) =>
        each.read_only !== true ||
        !each.cap_drop?.includes('ALL') ||
        !each.security_opt?.includes('no-new-privileges:true') ||
        each.build === undefined,
    );
    expect(soft.map(([name]) => name)).toEqual([]);
  });

  it('checks the health of what runs on, and waits for it', () => {
    // Ours have the health check of the image.
    const blind = long.filter(([, { healthcheck, image }]) => healthcheck === undefined && image !== 'floodgate:local');
    expect(blind.map(([name]) => name)).toEqual([]);
    const eager = services.flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).flatMap(([other, { condition }]) =>
        condition === 'service_started' || compose.services[other] === undefined ? [`${name} -> ${other}`] : [],
      ),
    );
    expect(eager).toEqual([]);
  });

  it('is reached from this machine only', () => {
    const open = services.flatMap(([, { ports = [] }]) => ports.filter((port) => !port.startsWith('127.0.0.1:')));
    expect(open).toEqual([]);
  });

  it('mounts what exists', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const absent = sources.filter((source) =>
      source.startsWith('.') ? !existsSync(packageFile(source)) : !(source in compose.volumes),
    );
    expect(absent).toEqual([]);
  });

  it('sets only what Floodgate reads', () => {
    const known = new Set([...Object.values(settings).map(({ key }) => key), 'FLOODGATE_URL', 'FLOODGATE_TOKEN']);
    const keys = ours.flatMap(([, { environment = {} }]) => Object.keys(environment));
    expect(keys.filter((key) => key.startsWith('FLOODGATE_') && !known.has(key))).toEqual([]);
  });
});

describe('Grafana', () => {
  const provisioned = (file: string) => parse(readFileSync(packageFile(`grafana/provisioning/${file}`), 'utf8'));

  it('is given the Prometheus that runs beside it', () => {
    const [source] = provisioned('datasources/prometheus.yml').datasources;
    expect(source).toMatchObject({ type: 'prometheus', url: 'http://prometheus:9090', isDefault: true });
    const { global } = parse(readFileSync(packageFile('prometheus/prometheus.yml'), 'utf8'));
    expect(source.jsonData.timeInterval).toBe(global.scrape_interval);
  });

  it('is given the dashboards, from the folder that they are mounted in, and opens with the crisis', () => {
    const [provider] = provisioned('dashboards/floodgate.yml').providers;
    const grafana = compose.services.grafana;
    expect(grafana?.volumes).toContain(`./grafana/dashboards:${provider.options.path}:ro`);
    const home = grafana?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? '';
    const crisis = readDashboards().find(({ title }) => title.endsWith('Crisis'));
    expect(home).toBe(`${provider.options.path}/${crisis?.uid}.json`);
  });
});

const suite = 'promtool check config';
const promtool = spawnSync('promtool', ['--version']);
const { isExpected, note } = outsideTool(suite, 'promtool', promtool.error === undefined, 'apt-get install prometheus');

describe.runIf(isExpected)(suite + note, () => {
  it('finds the configuration and its rules right, and it scrapes the instances', () => {
    const file = packageFile('prometheus/prometheus.yml');
    const { status, stdout } = spawnSync('promtool', ['check', 'config', file], { encoding: 'utf8' });
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('rules found') });
    const { scrape_configs } = parse(readFileSync(file, 'utf8'));
    expect(scrape_configs[0]).toMatchObject({ job_name: 'floodgate' });
    const targets: string[] = scrape_configs[0].static_configs[0].targets;
    expect(targets.map((target) => target.split(':')[0])).toEqual(
      ours.map(([name]) => name).filter((name) => name.startsWith('floodgate-')),
    );
  });
});

describe('the commands of the containers', () => {
  const rig = new Rig();
  const token = 'change-me-before-sharing';
  let served: ServedProcess;
  beforeAll(async () => {
    served = await rig.serve(await rig.folder(), { FLOODGATE_TOKENS: token });
  });
  afterAll(() => rig.close());

  it('exist', async () => {
    const commands = ours.flatMap(([, { command }]) => (command === undefined ? [] : [command]));
    expect(commands).toHaveLength(2);
    // Help is asked for last, so that every option before it must be known.
    for (const command of commands) expect((await runCommand([...command, '--help'])).exitCode).toBe(0);
  });

  it('make the topics with one copy of each record, as there is one broker, and partitions for both instances', () => {
    const { command = [] } = compose.services.topics ?? {};
    const option = (name: string) => command[command.indexOf(name) + 1];
    expect(command.slice(0, 2)).toEqual(['topics', 'apply']);
    expect(option('--replication')).toBe('1');
    expect(Number(option('--partitions'))).toBeGreaterThan(1);
  });

  it('make the dashboards move: the traffic runs with the token of the instances', { timeout: 60_000 }, async () => {
    const { command = [], environment = {} } = compose.services.demo ?? {};
    expect(environment.FLOODGATE_TOKEN).toContain(token);
    expect(compose.services['floodgate-1']?.environment?.FLOODGATE_TOKENS).toBe(environment.FLOODGATE_TOKEN);
    // For five seconds instead of until it is stopped.
    const args = command.map((word, index) => (command[index - 1] === '--seconds' ? '5' : word));
    const run = { environment: { FLOODGATE_URL: served.url, FLOODGATE_TOKEN: token }, timeoutMs: 60_000 };
    const { exitCode, stdout } = await runCommand(args, run);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+ uploads: [1-9]/) });
  });
});
