/** The service under the wave: a process of its own with a bank of others' hashes, and the incident enrolled over HTTP. */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../../../src/cli/client.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { openSqliteLog } from '../../../src/log/sqlite-log.ts';
import { type ServedProcess, serveProcess } from '../../support/served-process.ts';
import { recordsOfBank } from '../bootstrap/bank-contents.ts';
import { waveFolder } from './wave-media.ts';

/** As many hashes a content as in the shared industry database: 2.1 million of 370 thousand. */
const hashesPerContent = 5.7;
const contentsPerAppend = 500;
const startTimeoutMs = 300_000;
const stopTimeoutMs = 30_000;
export const incidentId = 'wave/incident';

export interface ServedWave {
  readonly served: ServedProcess;
  readonly pid: number;
  readonly bankHashes: number;
  /** Settings that the bench was started with and passed on. */
  readonly settings: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface ServeWishes {
  /** In the bank beside the incident. */
  readonly hashes: number;
  readonly seed: number;
}

export async function serveWave(wishes: ServeWishes, incident: string, terminal: Terminal): Promise<ServedWave> {
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-wave-'));
  const dataFolder = join(folder, 'data');
  await cp(await filledLog(wishes, terminal), join(dataFolder, 'log'), { recursive: true });
  const settings = passedOn(process.env);
  terminal.note('starting the service ...');
  const served = await serveProcess({
    dataFolder,
    startTimeoutMs,
    environment: { FLOODGATE_FETCH_ALLOW: '127.0.0.1', ...settings },
  });
  const close = async () => {
    const timer = setTimeout(() => served.process.kill('SIGKILL'), stopTimeoutMs);
    await served.stop('SIGTERM');
    clearTimeout(timer);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(served.url);
    const client = new ApiClient({ url: served.url, token: undefined });
    await client.addFileToBank(incident, { contentId: incidentId });
    return { served, pid: served.process.pid ?? 0, bankHashes: await hashesOf(served.url), settings, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The folder of a log with the bank alone, made once for each size and seed. */
async function filledLog({ hashes, seed }: ServeWishes, terminal: Terminal): Promise<string> {
  const folder = join(waveFolder, `bank-${hashes}-${seed}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const log = await openSqliteLog({ path: join(partial, 'floodgate.sqlite') });
  const contents = Math.ceil(hashes / hashesPerContent);
  const progress = terminal.startProgress('filling the bank', Math.ceil(contents / contentsPerAppend));
  for (const records of recordsOfBank({ contents, hashes }, seed, contentsPerAppend)) {
    await log.append(records);
    progress.advance();
  }
  progress.end();
  await log.close();
  await rename(partial, folder);
  return folder;
}

/** What an operator may want to turn for the wave, such as children and uploads at once; where things lie is the bench's. */
function passedOn(environment: NodeJS.ProcessEnv): Record<string, string> {
  const own = /^FLOODGATE_(DATA|PORT|HOST|TOKENS.*|MEDIA|FETCH_ALLOW|KAFKA_.*|TEST_.*)$/;
  const given = Object.entries(environment).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  return Object.fromEntries(given.filter(([key = '']) => key.startsWith('FLOODGATE_') && !own.test(key)));
}

async function untilReady(url: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += 200) {
    const { status } = await fetch(`${url}/readyz`);
    if (status === 200) return;
    await sleep(200);
  }
  throw new Error('the service did not become ready');
}

async function hashesOf(url: string): Promise<number> {
  const status = (await (await fetch(`${url}/v1/status`)).json()) as { bank: { hashes: number } };
  return status.bank.hashes;
}
