/** What the command line prints: colour when it helps, a progress bar on long work, tables, times and bars of evidence. */
import picocolors from 'picocolors';

export interface Terminal {
  readonly colours: ReturnType<typeof picocolors.createColors>;
  /** True when standard error is a terminal that a person watches. */
  readonly interactive: boolean;
  readonly columns: number;
  /** Results: standard output. */
  print(line?: string): void;
  /** Progress, warnings and errors: standard error, so that a pipe gets results only. */
  note(line: string): void;
  startProgress(label: string, total: number): Progress;
}

export interface Progress {
  advance(detail?: string): void;
  /** Prints a line above the bar. */
  say(line: string): void;
  end(): void;
}

export interface TerminalStreams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
  readonly errIsTty: boolean;
  readonly outIsTty: boolean;
  readonly columns: number;
  /** NO_COLOR and FORCE_COLOR, as the environment has them. */
  readonly noColour: boolean;
  readonly forceColour: boolean;
}

const barWidth = 28;

export function createTerminal(streams: TerminalStreams): Terminal {
  const coloured = streams.forceColour || (!streams.noColour && streams.outIsTty);
  const colours = picocolors.createColors(coloured);
  return {
    colours,
    interactive: streams.errIsTty,
    columns: streams.columns,
    print: (line = '') => void streams.out.write(`${line}\n`),
    note: (line) => void streams.err.write(`${line}\n`),
    startProgress: (label, total) =>
      streams.errIsTty ? liveProgress(streams, label, total) : quietProgress(streams, label, total),
  };
}

function liveProgress(streams: TerminalStreams, label: string, total: number): Progress {
  let done = 0;
  let detail = '';
  const clear = '\r\x1b[2K';
  const draw = () => {
    const filled = total === 0 ? barWidth : Math.round((done / total) * barWidth);
    const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
    const line = `${label} ${bar} ${done}/${total} ${detail}`;
    streams.err.write(clear + line.slice(0, Math.max(20, streams.columns - 1)));
  };
  draw();
  return {
    advance(next = '') {
      done = Math.min(total, done + 1);
      detail = next;
      draw();
    },
    say(line) {
      streams.err.write(`${clear}${line}\n`);
      draw();
    },
    end: () => void streams.err.write(clear),
  };
}

/** Without a person watching: one line at the start, and whatever is said. */
function quietProgress(streams: TerminalStreams, label: string, total: number): Progress {
  streams.err.write(`${label} (${total})\n`);
  return {
    advance: () => {},
    say: (line) => void streams.err.write(`${line}\n`),
    end: () => {},
  };
}

/** Text from outside, such as a label, without the characters that could steer a terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '\u{fffd}');
}

/** Rows in aligned columns; widths are measured without colour codes. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - visibleLength(cell)))
      .join('  ')
      .trimEnd(),
  );
}

function visibleLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the escape character.
  return text.replace(/\x1b\[[0-9;]*m/g, '').length;
}

/** Seconds as m:ss.t, for example 75.25 -> "1:15.3". */
export function formatSeconds(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = (tenths - minutes * 600) / 10;
  return `${minutes}:${rest.toFixed(1).padStart(4, '0')}`;
}

/** A bar on which a segment of a whole stands out: "░░▓▓▓▓░░░░". */
export function formatSegment(
  segment: { startSeconds: number; endSeconds: number },
  wholeSeconds: number,
  width: number,
): string {
  if (wholeSeconds <= 0) return '▓'.repeat(width);
  const from = Math.min(width - 1, Math.floor((segment.startSeconds / wholeSeconds) * width));
  const to = Math.min(width, Math.max(from + 1, Math.ceil((segment.endSeconds / wholeSeconds) * width)));
  return '░'.repeat(from) + '▓'.repeat(to - from) + '░'.repeat(width - to);
}
