#!/usr/bin/env node
/** The process edge: arguments, environment, signals, exit code. Everything else is told what it needs. */
import { buildProgram, ProgramEnded } from './cli/program.ts';
import { createTerminal } from './cli/terminal.ts';
import { errorKinds, type FloodgateError, toFloodgateError } from './errors.ts';

const stopping = new AbortController();
let signals = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    signals += 1;
    // The first signal drains; the second stops at once, and what was on its way comes again after the restart.
    if (signals > 1) process.exit(exitAfterSignal(name));
    stopping.abort(name);
  });
}

// A reader that went away, such as `| head`, is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
// Nor is one that wants results and closes standard error.
process.stderr.on('error', () => {});

const terminal = createTerminal({
  out: process.stdout,
  err: process.stderr,
  outIsTty: process.stdout.isTTY === true,
  errIsTty: process.stderr.isTTY === true,
  columns: process.stdout.columns ?? 100,
  noColour: (process.env.NO_COLOR ?? '') !== '',
  forceColour: (process.env.FORCE_COLOR ?? '') !== '',
});

try {
  const program = buildProgram({ terminal, environment: process.env, signal: stopping.signal }, (code) => {
    process.exitCode = code;
  });
  await program.parseAsync(process.argv);
} catch (thrown) {
  if (stopping.signal.aborted && thrown === stopping.signal.reason) process.exitCode = exitAfterSignal(thrown);
  else if (!(thrown instanceof ProgramEnded)) report(toFloodgateError(thrown));
}

function report(error: FloodgateError): void {
  process.exitCode = errorKinds[error.code].exitCode;
  terminal.note(`floodgate: ${error.message}`);
  for (const field of error.fields) terminal.note(`  ${field.pointer} ${field.message}`);
  if (error.code === 'internal' && error.cause instanceof Error) terminal.note(error.cause.stack ?? '');
}

function exitAfterSignal(name: unknown): number {
  return name === 'SIGINT' ? 130 : 143;
}
