/**
 * The broker's jars, from Maven Central by way of Maven and pom.xml, in .cache/kafka/<version>/libs: about 45 MB, which
 * survive a build and are resolved once for each version. FLOODGATE_TEST_KAFKA_VERSION asks for another version than the
 * one that the pom pins.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { packageFile } from '../../../src/config/paths.ts';

const run = promisify(execFile);
const pom = packageFile('test/support/kafka/pom.xml');
const resolveTimeoutMs = 300_000;

export function kafkaVersion(): string {
  const pinned = /<kafka\.version>([\w.-]+)</.exec(readFileSync(pom, 'utf8'))?.[1];
  const version = process.env.FLOODGATE_TEST_KAFKA_VERSION || pinned;
  if (version === undefined || !/^\d[\w.-]*$/.test(version)) {
    throw new Error(`no version of Kafka: set FLOODGATE_TEST_KAFKA_VERSION to one such as 4.2.0, not "${version}"`);
  }
  return version;
}

const libsFolder = () => packageFile(`.cache/kafka/${kafkaVersion()}/libs`);

export function hasKafkaJars(): boolean {
  return existsSync(libsFolder());
}

/** The folder with the jars; they are resolved first where they are not there yet. */
export async function kafkaJars(): Promise<string> {
  const libs = libsFolder();
  if (existsSync(libs)) return libs;
  mkdirSync(dirname(libs), { recursive: true });
  await withLock(`${libs}.lock`, () => (existsSync(libs) ? Promise.resolve() : resolveJars(libs)));
  return libs;
}

/** The folder gets its name only when it is complete, so that nothing starts a broker on half of its jars. */
async function resolveJars(libs: string): Promise<void> {
  const unfinished = `${libs}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const settings = [`-Dkafka.version=${kafkaVersion()}`, `-Dlibs.folder=${unfinished}`];
  try {
    await run('mvn', ['-q', '-B', '-f', pom, ...settings, 'dependency:copy-dependencies'], {
      timeout: resolveTimeoutMs,
      cwd: dirname(pom),
    });
  } catch (error) {
    const { stdout = '', message } = error as Error & { stdout?: string };
    throw new Error(
      `Maven could not resolve Kafka ${kafkaVersion()}; is Maven Central reachable? ${message}\n${stdout}`,
    );
  }
  if (!existsSync(join(unfinished, `kafka_2.13-${kafkaVersion()}.jar`))) {
    throw new Error(`Maven resolved no broker of version ${kafkaVersion()}; look at ${pom}`);
  }
  renameSync(unfinished, libs);
}

/** Maven's own repository does not bear two writers, and vitest has two workers. A lock whose owner is gone is taken over. */
async function withLock(path: string, action: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + resolveTimeoutMs;
  while (!tryLock(path)) {
    if (Date.now() > deadline) throw new Error(`${path} was held for ${resolveTimeoutMs} ms; delete it if it is stale`);
    await sleep(200);
  }
  try {
    await action();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const owner = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    if (owner > 0 && !isAlive(owner)) rmSync(path, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
