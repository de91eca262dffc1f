/** Runs the built service as a process of its own, the way an operator does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { builtFile } from '../../src/config/paths.ts';

export interface ServedProcess {
  readonly url: string;
  readonly process: ChildProcess;
  /** Sends the signal and resolves with the exit code, or the signal's name, once the process is gone. */
  stop(signal: NodeJS.Signals): Promise<number | string>;
  stderr(): string;
}

export interface ServeOptions {
  readonly dataFolder: string;
  readonly environment?: Record<string, string>;
  /** How long the service may take to say its address. */
  readonly startTimeoutMs?: number;
}

/** Resolves once the service has said its address; rejects with what it printed when it ends before that. */
export async function serveProcess(options: ServeOptions): Promise<ServedProcess> {
  const child = startProcess(options);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-20_000);
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1));
  });
  const url = await addressOf(child, ended, options.startTimeoutMs ?? 30_000, () => stderr);
  return {
    url,
    process: child,
    stderr: () => stderr,
    stop: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

export function startProcess(options: ServeOptions): ChildProcess {
  return spawn(process.execPath, [builtFile('src/main.js'), 'serve'], {
    env: {
      PATH: process.env.PATH,
      FLOODGATE_DATA: options.dataFolder,
      FLOODGATE_PORT: '0',
      FLOODGATE_LOG_LEVEL: 'warn',
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function addressOf(
  child: ChildProcess,
  ended: Promise<number | string>,
  timeoutMs: number,
  stderr: () => string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the service said no address within ${timeoutMs} ms: ${stderr()}`));
    }, timeoutMs);
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      const url = /http:\/\/\S+/.exec(printed)?.[0];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
    void ended.then((code) => {
      clearTimeout(timer);
      reject(new Error(`the service ended with ${code}: ${stderr()}`));
    });
  });
}
