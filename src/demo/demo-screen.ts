/** What the demo shows: steps with progress bars, pictures of the known content, decisions as they come, the result. */
import type { CommandContext } from '../cli/context.ts';
import { formatDecision } from '../cli/format-decision.ts';
import { formatTable, type Progress, type Terminal } from '../cli/terminal.ts';
import { createCanvas } from './canvas.ts';
import { findFilm, findStill, renderFilmFrame, renderStillPixels } from './films.ts';
import type { DemoResult, Work } from './programme.ts';
import { drawThumbnail, type TerminalColors } from './terminal-thumbnail.ts';

const thumbnail = { columns: 22, lines: 6 };
const thumbnailGap = '  ';

export class DemoScreen {
  readonly #terminal: Terminal;
  readonly #environment: CommandContext['environment'];
  readonly #json: boolean;
  #steps = 0;

  constructor(context: CommandContext, json: boolean) {
    this.#terminal = context.terminal;
    this.#environment = context.environment;
    this.#json = json;
  }

  title(withFilms: boolean): void {
    const { colours } = this.#terminal;
    this.#say('');
    this.#say(
      `  ${colours.bold('FLOODGATE')}  ${colours.dim('known content comes back edited; it is stopped, and you see why')}`,
    );
    if (withFilms) return;
    this.#say(colours.yellow('  The video decoder (node-av) is not installed here: the demo runs on images only.'));
  }

  step(label: string, total: number): Progress {
    this.#steps += 1;
    const { colours } = this.#terminal;
    this.#say('');
    this.#say(`${colours.bold(colours.cyan(String(this.#steps)))}  ${colours.bold(label)}`);
    return this.#terminal.startProgress('  ', total);
  }

  serviceStarted(address: string): void {
    const { colours } = this.#terminal;
    this.#say(colours.dim(`   the service answers at ${address}: embedded log, no Kafka, decoders in child processes`));
  }

  /** A row of pictures where the terminal shows colours; titles otherwise. */
  showKnown(works: readonly Work[]): void {
    const { colours } = this.#terminal;
    const perRow = Math.max(1, Math.floor((this.#terminal.columns - 3) / (thumbnail.columns + thumbnailGap.length)));
    for (let from = 0; from < works.length; from += perRow) {
      const row = works.slice(from, from + perRow);
      if (colours.isColorSupported && this.#terminal.interactive) this.#drawRow(row);
      this.#say(`   ${row.map((work) => work.title.padEnd(thumbnail.columns)).join(thumbnailGap)}`);
    }
  }

  showResult({ upload, decision }: DemoResult, progress: Progress): void {
    if (this.#json) return;
    const { colours } = this.#terminal;
    const [first = '', ...evidence] = formatDecision(decision, colours, 1);
    progress.say(`  ${first}${isRight({ upload, decision }) ? '' : colours.red('   ✗ wrong')}`);
    for (const line of evidence) progress.say(`  ${line}`);
  }

  /** Prints the result; true when every copy was blocked and nothing else was. */
  summary(results: readonly DemoResult[], seconds: number): boolean {
    const copies = results.filter(({ upload }) => upload.copyOf !== null);
    const others = results.filter(({ upload }) => upload.copyOf === null);
    const blocked = copies.filter(isRight).length;
    const falseBlocks = others.filter((result) => !isRight(result)).length;
    const times = results.map(({ decision }) => decision.decisionMs).sort((a, b) => a - b);
    const passed = blocked === copies.length && falseBlocks === 0 && results.length > 0;
    const facts = {
      copies: copies.length,
      blocked,
      unrelated: others.length,
      falseBlocks,
      medianDecisionMs: times[times.length >> 1] ?? 0,
      slowestDecisionMs: times.at(-1) ?? 0,
      seconds: Math.round(seconds * 10) / 10,
      passed,
    };
    if (this.#json) this.#terminal.print(JSON.stringify(facts));
    else this.#printSummary(facts);
    return passed;
  }

  keeping(address: string): void {
    const { colours } = this.#terminal;
    this.#say(`  Still serving at ${colours.bold(address)}: open it in a browser. Ctrl-C ends it.`);
    this.#say(colours.dim(`  curl -F file=@some.mp4 '${address}/v1/uploads?wait=10'`));
  }

  #printSummary(
    facts: { copies: number; blocked: number; unrelated: number; falseBlocks: number; passed: boolean } & Record<
      'medianDecisionMs' | 'slowestDecisionMs' | 'seconds',
      number
    >,
  ): void {
    const { colours } = this.#terminal;
    const mark = facts.passed ? colours.green('✔') : colours.red('✗');
    this.#say('');
    const rows = [
      [`  ${mark}`, colours.bold(`${facts.blocked} of ${facts.copies}`), 'edited copies blocked'],
      [
        '   ',
        colours.bold(`${facts.unrelated - facts.falseBlocks} of ${facts.unrelated}`),
        'unrelated uploads let through',
      ],
      [
        '   ',
        colours.bold(`${facts.medianDecisionMs} ms`),
        `median decision, ${facts.slowestDecisionMs} ms the slowest`,
      ],
      ['   ', colours.bold(`${facts.seconds} s`), 'in all'],
    ];
    for (const line of formatTable(rows)) this.#say(line);
    this.#say('');
  }

  #drawRow(row: readonly Work[]): void {
    const colors: TerminalColors = /truecolor|24bit/.test(this.#environment.COLORTERM ?? '') ? 'truecolor' : '256';
    const drawn = row.map((work) => drawThumbnail(pictureOf(work), thumbnail, colors));
    for (let line = 0; line < thumbnail.lines; line++) {
      this.#say(`   ${drawn.map((lines) => lines[line] ?? '').join(thumbnailGap)}`);
    }
  }

  #say(line: string): void {
    if (this.#json) return;
    this.#terminal.print(line);
  }
}

/** A copy is blocked as what it is a copy of; anything else is not blocked. */
function isRight({ upload, decision }: DemoResult): boolean {
  if (upload.copyOf === null) return decision.outcome !== 'block';
  return decision.outcome === 'block' && decision.matches[0]?.contentId === upload.copyOf.id;
}

function pictureOf(work: Work) {
  const canvas = createCanvas(132, 74);
  if (work.kind === 'film') renderFilmFrame(findFilm(work.id), 1, canvas);
  else renderStillPixels(findStill(work.id), canvas);
  return canvas;
}
