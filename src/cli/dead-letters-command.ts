/** `floodgate dead-letters list|show|replay`: events that could not be interpreted, of a running service. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type DeadLetter, type DeadLetterSummary, deadLetterCodes } from '../contracts/dead-letter.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { ApiClient } from './client.ts';
import { type CommandContext, integerOption } from './context.ts';
import { assertFile } from './local-files.ts';
import { clientFor, type ServiceOptions, withServiceOptions } from './service-options.ts';
import { formatTable, printable } from './terminal.ts';

interface ListOptions extends ServiceOptions {
  readonly code?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface ReplayOptions extends ServiceOptions {
  readonly all?: boolean;
  readonly code?: string;
  readonly confirm?: number;
  readonly value?: string;
  readonly json?: boolean;
}

const pageItems = 500;
const countMax = 1_000_000;

export function addDeadLetterCommands(program: Command, context: CommandContext): void {
  const deadLetters = program
    .command('dead-letters')
    .description('events that could not be interpreted: list, show, replay');
  const codeOption = () => new Option('--code <code>', 'only those with this code').choices([...deadLetterCodes]);
  withServiceOptions(deadLetters.command('list'))
    .description('list the dead letters, the newest first')
    .addOption(codeOption())
    .option('--limit <count>', 'how many', integerOption('--limit', { min: 1, max: countMax }), 50)
    .option('--json', 'one JSON object a line')
    .action((options: ListOptions) => listDeadLetters(options, context));
  withServiceOptions(deadLetters.command('show'))
    .description('show one dead letter: why, where from, its headers and its value')
    .argument('<id>', 'as the list gives it, such as 0-17')
    .option('--json', 'as one JSON object')
    .action((id: string, options: ListOptions) => showDeadLetter(id, options, context));
  withServiceOptions(deadLetters.command('replay'))
    .description('send events through once more; one that was decided meanwhile changes nothing')
    .argument('[id...]', 'dead letters as the list gives them')
    .option('--all', 'every event whose newest dead letter has the code')
    .addOption(codeOption())
    .option('--confirm <count>', 'with --all: how many they are', integerOption('--confirm', { min: 0, max: countMax }))
    .option('--value <file>', 'for one dead letter: a corrected value instead of its own')
    .option('--json', 'one JSON object a line')
    .action((ids: string[], options: ReplayOptions) => replay(ids, options, context));
}

async function listDeadLetters(options: ListOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const rows = [['id', 'time', 'code', 'attempt', 'from', 'key', 'detail']];
  let left = options.limit;
  for await (const letter of walk(clientFor(options, context), options.code)) {
    if (left-- <= 0) break;
    if (options.json === true) terminal.print(JSON.stringify(letter));
    else rows.push(rowOf(letter));
  }
  if (options.json === true) return;
  for (const line of formatTable(rows)) terminal.print(line);
}

/** The newest first. A page may be empty before the end. */
async function* walk(client: ApiClient, code: string | undefined): AsyncGenerator<DeadLetterSummary> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await client.listDeadLetters({
      limit: String(pageItems),
      ...(code === undefined ? {} : { code }),
      ...(cursor === '' ? {} : { cursor }),
    });
    yield* page.items;
    cursor = page.nextCursor;
  }
}

function rowOf({ id, appendedAt, key, facts }: DeadLetterSummary): string[] {
  const { code, attempt, sourceTopic, sourcePartition, sourceOffset, detail } = facts;
  const from = `${sourceTopic}/${sourcePartition}/${sourceOffset}`;
  return [id, appendedAt, code, String(attempt), from, shortened(key, 40), shortened(detail, 80)];
}

function shortened(text: string, charsMax: number): string {
  const line = printable(text);
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1)}…`;
}

async function showDeadLetter(id: string, options: ListOptions, context: CommandContext): Promise<void> {
  const letter = await clientFor(options, context).getDeadLetter(id);
  const { terminal } = context;
  if (options.json === true) terminal.print(JSON.stringify(letter));
  else for (const line of linesOf(letter)) terminal.print(line);
}

function linesOf({ id, appendedAt, key, facts, headers, value, valueEncoding, valueBytes }: DeadLetter): string[] {
  const table = formatTable([
    ['id', id],
    ['time', appendedAt],
    ['key', printable(key)],
    ...Object.entries(facts).map(([name, fact]) => [name, printable(String(fact))]),
    ...Object.entries(headers).map(([name, header]) => [`header ${printable(name)}`, printable(header)]),
  ]);
  const what =
    value === null ? 'no value' : `value, ${valueBytes} bytes${valueEncoding === 'base64' ? ', base64' : ''}:`;
  return [...table, what, ...(value === null ? [] : value.split('\n').map(printable))];
}

async function replay(ids: readonly string[], options: ReplayOptions, context: CommandContext): Promise<void> {
  const client = clientFor(options, context);
  const chosen = await chooseLetters(client, ids, options);
  const value = options.value === undefined ? undefined : readValue(options.value);
  const { terminal } = context;
  const progress = terminal.startProgress('replaying', chosen.length);
  const failures: FloodgateError[] = [];
  for (const id of chosen) {
    try {
      const replayed = await client.replayDeadLetter(id, value);
      progress.advance(id);
      if (options.json === true) terminal.print(JSON.stringify(replayed));
      else
        progress.say(
          `${id}: attempt ${replayed.attempt}, uploads/${replayed.position.partition}/${replayed.position.offset}`,
        );
    } catch (thrown) {
      context.signal.throwIfAborted();
      const error = toFloodgateError(thrown);
      progress.say(`${id}: ${error.message}`);
      failures.push(error);
      // The others would meet with the same.
      if (['unreachable', 'unauthorized', 'overloaded', 'log_full', 'log_failed'].includes(error.code)) break;
    }
  }
  progress.end();
  const [first] = failures;
  if (first === undefined) return;
  throw new FloodgateError(
    first.code,
    `${failures.length} of ${chosen.length} could not be replayed: ${first.message}`,
  );
}

async function chooseLetters(client: ApiClient, ids: readonly string[], options: ReplayOptions): Promise<string[]> {
  const usage = (message: string) => new FloodgateError('invalid_request', message);
  if (options.all !== true) {
    if (ids.length === 0) throw usage('name dead letters, or give --all and --code');
    if (options.value !== undefined && ids.length > 1) throw usage('--value corrects one event; name one dead letter');
    return [...ids];
  }
  if (ids.length > 0) throw usage('give either dead letters or --all');
  if (options.code === undefined) throw usage('--all needs --code: other faults need other remedies');
  if (options.value !== undefined) throw usage('--value corrects one event; it does not go with --all');
  const chosen = await newestOfEach(client, options.code);
  if (options.confirm === chosen.length) return chosen;
  const what = `${chosen.length} events have a dead letter with ${options.code} that can be replayed`;
  throw new FloodgateError('conflict', `${what}; to replay them, give --confirm ${chosen.length}`);
}

/** The oldest first. An event that was replayed and failed again has several dead letters, of which the newest counts. */
async function newestOfEach(client: ApiClient, code: string): Promise<string[]> {
  const origins = new Set<string>();
  const chosen: string[] = [];
  for await (const { id, facts } of walk(client, undefined)) {
    if (!origins.has(facts.origin) && facts.code === code && !facts.cut) chosen.push(id);
    origins.add(facts.origin);
  }
  return chosen.reverse();
}

function readValue(path: string): Buffer {
  assertFile(path);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FloodgateError('not_found', `${path} cannot be read`, { cause });
  }
}
