/** Java processes that die with the process that started them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A small heap, one collector thread, and no time spent on optimizing what ends within a minute. */
const brokerFlags = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'];
const logFlags = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];

export interface JavaProcess {
  readonly pid: number;
  readonly ended: Promise<void>;
  isRunning(): boolean;
  signal(name: NodeJS.Signals): void;
}

export function javaCommand(): string {
  const home = process.env.JAVA_HOME;
  return home ? join(home, 'bin', 'java') : 'java';
}

/** Runs to its end; rejects with what it said. */
export async function runJava(jars: string, main: string, args: readonly string[]): Promise<string> {
  const flags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...logFlags];
  try {
    const { stdout } = await run(javaCommand(), [...flags, '-cp', `${jars}/*`, main, ...args], { timeout: 60_000 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${main} failed: ${message}\n${stdout}${stderr}`);
  }
}

/** `leftovers` are folders to delete when this process dies before it could do so itself. */
export function startJava(
  jars: string,
  main: string,
  args: readonly string[],
  logFile: string,
  leftovers: readonly string[],
): JavaProcess {
  const log = openSync(logFile, 'a');
  const child = spawn(javaCommand(), [...brokerFlags, ...logFlags, '-cp', `${jars}/*`, main, ...args], {
    stdio: ['ignore', log, log],
    // An interrupt at the terminal is for whoever started it, who then ends it in good order.
    detached: true,
  });
  closeSync(log);
  // The missing id of the process tells the same.
  child.once('error', () => {});
  const { pid } = child;
  if (pid === undefined) throw new Error(`${javaCommand()} could not be started: install openjdk-17-jre-headless`);
  const watchdog = watch(pid, leftovers);
  let isRunning = true;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      isRunning = false;
      watchdog.kill('SIGKILL');
      resolve();
    });
  });
  return {
    pid,
    ended,
    isRunning: () => isRunning,
    signal: (name) => {
      if (isRunning) child.kill(name);
    },
  };
}

/**
 * A shell that waits for its standard input to end. That is a pipe of which only this process has the other side, so it
 * ends with this process, however that dies; a killed vitest worker leaves no broker behind.
 */
function watch(pid: number, leftovers: readonly string[]): ChildProcess {
  const script = 'read -r line; target=$1; shift; kill -9 "$target"; [ $# -eq 0 ] || rm -rf -- "$@"';
  const watchdog = spawn('sh', ['-c', script, 'watchdog', String(pid), ...leftovers], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  (watchdog.stdin as Socket | null)?.unref();
  return watchdog;
}

/** The last lines of a log, for an error. */
export function tailOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').split('\n').slice(-40).join('\n');
}
