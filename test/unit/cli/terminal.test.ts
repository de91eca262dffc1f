import { describe, expect, it } from 'vitest';
import { createTerminal, formatSeconds, formatSegment, formatTable, printable } from '../../../src/cli/terminal.ts';

function terminalFor(options: { tty: boolean; noColour?: boolean }) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = createTerminal({
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    outIsTty: options.tty,
    errIsTty: options.tty,
    columns: 80,
    noColour: options.noColour ?? false,
    forceColour: false,
  });
  return { terminal, out, err };
}

describe('createTerminal', () => {
  it('colours for a person and not for a pipe', () => {
    expect(terminalFor({ tty: true }).terminal.colours.red('x')).not.toBe('x');
    expect(terminalFor({ tty: false }).terminal.colours.red('x')).toBe('x');
    expect(terminalFor({ tty: true, noColour: true }).terminal.colours.red('x')).toBe('x');
  });

  it('keeps progress off standard output', () => {
    const { terminal, out, err } = terminalFor({ tty: true });
    const progress = terminal.startProgress('hashing', 2);
    progress.advance('a');
    progress.end();
    expect(out).toEqual([]);
    expect(err.join('')).toContain('1/2');
  });

  it('draws no bar into a file', () => {
    const { terminal, err } = terminalFor({ tty: false });
    const progress = terminal.startProgress('hashing', 2);
    progress.advance();
    progress.say('a line');
    progress.end();
    expect(err).toEqual(['hashing (2)\n', 'a line\n']);
  });
});

describe('formats', () => {
  it('writes seconds as minutes and tenths', () => {
    expect(formatSeconds(0)).toBe('0:00.0');
    expect(formatSeconds(75.26)).toBe('1:15.3');
    expect(formatSeconds(59.96)).toBe('1:00.0');
  });

  it('draws a segment within its whole', () => {
    expect(formatSegment({ startSeconds: 2, endSeconds: 5 }, 10, 10)).toBe('░░▓▓▓░░░░░');
    expect(formatSegment({ startSeconds: 10, endSeconds: 10 }, 10, 10)).toBe('░░░░░░░░░▓');
    expect(formatSegment({ startSeconds: 0, endSeconds: 0 }, 0, 4)).toBe('▓▓▓▓');
  });

  it('lets no text from outside steer the terminal', () => {
    expect(printable('a\x1b[2Jb\nc')).toBe('a\u{fffd}[2Jb\u{fffd}c');
  });

  it('aligns columns without counting colour codes', () => {
    expect(
      formatTable([
        ['a', 'b'],
        ['\x1b[31mlong\x1b[39m', 'c'],
      ]),
    ).toEqual(['a     b', '\x1b[31mlong\x1b[39m  c']);
  });
});
