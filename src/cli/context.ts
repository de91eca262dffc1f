/** What every command is given: the terminal, the environment, and how to stop. */
import type { Environment } from '../config/config.ts';
import { FloodgateError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** Aborts at the first SIGINT or SIGTERM. A command that it keeps from its end throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** Exit codes besides those of errors.ts; documented in docs/operations/command-line.md. */
export const exitCodes = { ok: 0, negative: 1, usage: 2 } as const;

/** Parses a whole number of an option, or says what is wrong with it. */
export function integerOption(name: string, range: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= range.min && number <= range.max) return number;
    throw new FloodgateError('invalid_request', `${name} takes a whole number from ${range.min} to ${range.max}`);
  };
}
