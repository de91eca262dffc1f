/** Where a bench prints: tables on standard output, progress on standard error. */
import { createTerminal, type Terminal } from '../../src/cli/terminal.ts';

export function openTerminal(): Terminal {
  return createTerminal({
    out: process.stdout,
    err: process.stderr,
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 100,
    noColour: false,
    forceColour: false,
  });
}
