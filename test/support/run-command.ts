/** Runs the built command line as a process of its own, the way a person or a script does. */
import { spawn } from 'node:child_process';
import { builtFile } from '../../src/config/paths.ts';

export interface CommandResult {
  readonly exitCode: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandRun {
  readonly environment?: Record<string, string>;
  readonly timeoutMs?: number;
  /** Called with all of standard output so far; true ends the process with SIGINT, as Ctrl-C does. */
  readonly interruptWhen?: (stdout: string) => boolean;
  /** The same for standard error. */
  readonly interruptOnNote?: (stderr: string) => boolean;
  /** Takes so much of standard output and closes it, as `| head` does. */
  readonly closeOutputAfterBytes?: number;
}

/** Resolves once the process is gone, with its exit code or the name of the signal that ended it. */
export function runCommand(args: readonly string[], run: CommandRun = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [builtFile('src/main.js'), ...args], {
    env: { PATH: process.env.PATH, ...run.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: run.timeoutMs ?? 30_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (run.interruptWhen?.(stdout) === true) child.kill('SIGINT');
    if (stdout.length >= (run.closeOutputAfterBytes ?? Number.POSITIVE_INFINITY)) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (run.interruptOnNote?.(stderr) === true) child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ exitCode: signal ?? code ?? -1, stdout, stderr }));
  });
}

/** Standard output as one JSON value a line. */
export function jsonLines<T>({ stdout }: CommandResult): T[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
