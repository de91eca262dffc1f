/** `floodgate validate`: holds events in files to their contracts, as the service would. Needs no service. */
import { readFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { uploadFaults } from '../admit/admit.ts';
import { Decision } from '../contracts/decision.ts';
import { validatorOf } from '../contracts/validate.ts';
import { FloodgateError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { assertFile } from './local-files.ts';

interface ValidateOptions {
  readonly type?: 'upload' | 'decision';
  readonly json?: boolean;
}

interface Verdict {
  readonly source: string;
  /** Place in the file, from 0. */
  readonly event: number;
  readonly type: 'upload' | 'decision';
  /** Each begins with a JSON pointer. */
  readonly faults: readonly string[];
}

const decisionValidator = validatorOf(Decision, 'the decision', 'invalid_event');

export function addValidateCommand(program: Command, context: CommandContext): void {
  program
    .command('validate')
    .description('hold upload events and decisions to their schemas; exits with 2 when one is not valid')
    .argument('<file...>', 'JSON: one event, a list of events, or one a line; "-" is standard input')
    .addOption(new Option('--type <type>', 'instead of telling by the fields').choices(['upload', 'decision']))
    .option('--json', 'one JSON object for each event')
    .action((files: string[], options: ValidateOptions) => validateFiles(files, options, context));
}

async function validateFiles(
  files: readonly string[],
  options: ValidateOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const verdicts: Verdict[] = [];
  for (const source of files) {
    const events = parseEvents(source, source === '-' ? await textOf(process.stdin) : readEvents(source));
    for (const [place, event] of events.entries()) verdicts.push(judge(source, place, event, options.type));
  }
  for (const verdict of verdicts) {
    if (options.json === true) terminal.print(JSON.stringify(verdict));
    else for (const line of linesOf(verdict)) terminal.print(line);
  }
  const invalid = verdicts.filter(({ faults }) => faults.length > 0).length;
  if (invalid > 0) throw new FloodgateError('invalid_event', `${invalid} of ${verdicts.length} events are not valid`);
}

function readEvents(path: string): string {
  assertFile(path);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FloodgateError('not_found', `${path} cannot be read`, { cause });
  }
}

function parseEvents(source: string, text: string): unknown[] {
  try {
    return [JSON.parse(text)].flat();
  } catch (cause) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line, place) => {
      try {
        return JSON.parse(line) as unknown;
      } catch {
        // Of a single document the fault of the whole tells more.
        const what = place === 0 ? (cause as Error).message : `line ${place + 1} is no JSON`;
        throw new FloodgateError('invalid_event', `${source}: ${what}`, { cause });
      }
    });
  }
}

function judge(source: string, event: number, value: unknown, asked: Verdict['type'] | undefined): Verdict {
  const isDecision = typeof value === 'object' && value !== null && 'decisionId' in value;
  const type = asked ?? (isDecision ? 'decision' : 'upload');
  const faults =
    type === 'upload'
      ? uploadFaults(value)
      : decisionValidator.faults(value).map(({ pointer, message }) => `${pointer || '/'} ${message}`);
  return { source, event, type, faults };
}

function linesOf({ source, event, type, faults }: Verdict): string[] {
  const mark = faults.length === 0 ? 'valid' : 'not valid';
  return [`${source} #${event}: ${type}, ${mark}`, ...faults.map((fault) => `  ${fault}`)];
}
