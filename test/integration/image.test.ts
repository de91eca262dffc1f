/** Goal: the image is built as one expects of it, and what it holds and runs works: checked here without containers. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../src/config/paths.ts';
import { assembleImage, copiesOf, imageStages, jsonWords, type Stage } from '../support/image.ts';
import { freePorts } from '../support/kafka/free-ports.ts';

const stages = imageStages();
const final: Stage = stages.at(-1) ?? [];
const textsOf = (keyword: string, from: readonly Stage[] = stages) =>
  from.flat().flatMap((each) => (each.keyword === keyword ? [each.text] : []));

describe('the Dockerfile', () => {
  it('builds in stages, from bases with exact tags', () => {
    expect(stages.length).toBeGreaterThan(1);
    const bases = textsOf('FROM').map((text) => text.split(' ')[0]);
    expect(bases.filter((base) => !/^node:\$\{NODE_VERSION\}-bookworm-slim$/.test(base ?? ''))).toEqual([]);
  });

  it('installs what the lock file says and runs no script of a package', () => {
    const installs = textsOf('RUN').flatMap((text) => text.match(/npm (?:ci|install|i)\b[^&]*/g) ?? []);
    expect(installs.length).toBeGreaterThan(0);
    expect(installs.filter((command) => !/^npm ci --ignore-scripts/.test(command))).toEqual([]);
    expect(installs.some((command) => command.includes('--omit=dev'))).toBe(true);
  });

  it('takes nothing from the network but packages, and no secret', () => {
    expect(textsOf('ADD')).toEqual([]);
    expect(textsOf('RUN').filter((text) => /\b(curl|wget)\b/.test(text))).toEqual([]);
    expect([...textsOf('ENV'), ...textsOf('ARG')].filter((text) => /TOKEN|PASSWORD|SECRET/.test(text))).toEqual([]);
  });

  it('runs as a user of its own, by number, behind an init, with a health check', () => {
    expect(textsOf('USER', [final])).toEqual(['10001:10001']);
    const order = final.map(({ keyword }) => keyword);
    expect(order.lastIndexOf('USER')).toBeGreaterThan(order.lastIndexOf('RUN'));
    expect(jsonWords(final, 'ENTRYPOINT').slice(0, 2)).toEqual(['tini', '--']);
    expect(textsOf('HEALTHCHECK', [final])).toHaveLength(1);
    expect(textsOf('VOLUME', [final])).toEqual(['/data']);
  });

  it('copies what exists', () => {
    const fromTree = stages.flatMap(copiesOf).filter(({ stage }) => stage === undefined);
    const absent = fromTree.flatMap(({ sources }) => sources).filter((source) => !existsSync(packageFile(source)));
    expect(absent).toEqual([]);
  });
});

describe('what the image holds', () => {
  let folder: string;
  let data: string;
  let port: number;
  let served: ChildProcess | undefined;
  beforeAll(async () => {
    folder = assembleImage();
    data = mkdtempSync(join(tmpdir(), 'floodgate-test-'));
    [port = 0] = await freePorts(1);
  });
  afterAll(() => {
    served?.kill('SIGKILL');
    for (const each of [folder, data]) rmSync(each, { recursive: true, force: true });
  });

  /** The environment of the image, with a port and a folder that are free here. */
  const environment = () => {
    const named = textsOf('ENV', [final])
      .join(' ')
      .matchAll(/(\w+)=(\S+)/g);
    const fromImage = Object.fromEntries([...named].map(([, key = '', value = '']) => [key, value]));
    const here = { FLOODGATE_PORT: String(port), FLOODGATE_DATA: data, FLOODGATE_TOKENS: 'a-token-of-the-test' };
    return { PATH: process.env.PATH, ...fromImage, ...here, FLOODGATE_CHILDREN: '1', FLOODGATE_LOG_LEVEL: 'warn' };
  };
  const healthCheck = () => {
    const [command = '', ...args] = jsonWords(final, 'HEALTHCHECK');
    return spawnSync(command, args, { cwd: folder, env: environment(), encoding: 'utf8' });
  };

  it('is unhealthy before it is started', () => {
    expect(healthCheck().status).toBe(1);
  });

  it('serves by the command of the image, and is healthy by its health check', { timeout: 60_000 }, async () => {
    // The init is the container's; what follows it is ours.
    const [command = '', ...args] = [...jsonWords(final, 'ENTRYPOINT').slice(2), ...jsonWords(final, 'CMD')];
    served = spawn(command, args, { cwd: folder, env: environment(), stdio: 'ignore' });
    await expect.poll(() => healthCheck().status, { timeout: 40_000, interval: 200 }).toBe(0);
    for (const path of ['/', '/docs', '/docs/problems/log_full', '/metrics']) {
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'follow' });
      expect({ path, status }).toEqual({ path, status: 200 });
    }
  });

  it('stops by the signal of the image with 0', async () => {
    const ended = new Promise((resolve) => served?.once('exit', (code, signal) => resolve(signal ?? code)));
    served?.kill(textsOf('STOPSIGNAL', [final])[0] as NodeJS.Signals);
    expect(await ended).toBe(0);
  });
});
