/** `floodgate bank add|list|remove`: known content of a running service. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { BankAddition, BankContent } from '../contracts/bank.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { ApiClient } from './client.ts';
import type { CommandContext } from './context.ts';
import { assertFile, isAddress } from './local-files.ts';
import { clientFor, type ServiceOptions, withServiceOptions } from './service-options.ts';
import { formatSeconds, formatTable, printable } from './terminal.ts';

interface AddOptions extends ServiceOptions {
  readonly bank?: string;
  readonly id?: string;
  readonly label: readonly string[];
  readonly json?: boolean;
}

export function addBankCommands(program: Command, context: CommandContext): void {
  const bank = program.command('bank').description('known content: add, list, remove');
  withServiceOptions(bank.command('add'))
    .description('add files, or http(s) and s3 addresses; each is searchable when its line appears')
    .argument('<source...>', 'files or addresses')
    .option('--bank <name>', 'the bank (default: "default")')
    .option('--id <contentId>', 'its content id, for a single source; default: the name of the file')
    .option('--label <label>', 'a label that travels with each match; may be repeated', collect, [])
    .option('--json', 'one JSON object a line')
    .action((sources: string[], options: AddOptions) => addSources(sources, options, context));
  withServiceOptions(bank.command('list'))
    .description('list the known content')
    .option('--bank <name>', 'of one bank only')
    .option('--json', 'one JSON object a line')
    .action((options: AddOptions) => listContents(options, context));
  withServiceOptions(bank.command('remove'))
    .description('remove content; it is no longer found when its line appears')
    .argument('<contentId...>')
    .option('--json', 'one JSON object a line')
    .action((ids: string[], options: AddOptions) => removeContents(ids, options, context));
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

async function addSources(sources: readonly string[], options: AddOptions, context: CommandContext): Promise<void> {
  if (options.id !== undefined && sources.length > 1) {
    throw new FloodgateError('invalid_request', '--id names one content; give it with a single source');
  }
  const client = clientFor(options, context);
  const { terminal } = context;
  const progress = terminal.startProgress('banking', sources.length);
  const failures: FloodgateError[] = [];
  for (const source of sources) {
    try {
      const content = await addSource(client, source, options);
      progress.advance(source);
      if (options.json === true) terminal.print(JSON.stringify(content));
      else progress.say(describe(content));
    } catch (thrown) {
      context.signal.throwIfAborted();
      const error = toFloodgateError(thrown);
      progress.say(`${source}: ${error.message}`);
      failures.push(error);
      if (error.code === 'unreachable') break;
    }
  }
  progress.end();
  const [first] = failures;
  if (first !== undefined) {
    throw new FloodgateError(first.code, `${failures.length} of ${sources.length} could not be added`);
  }
}

function addSource(client: ApiClient, source: string, options: AddOptions): Promise<BankContent> {
  const contentId = options.id ?? idFromName(source);
  if (isAddress(source)) {
    const addition: BankAddition = {
      uri: source,
      contentId,
      labels: [...options.label],
      ...(options.bank === undefined ? {} : { bank: options.bank }),
    };
    return client.addToBank(addition);
  }
  assertFile(source);
  return client.addFileToBank(source, {
    contentId,
    ...(options.bank === undefined ? {} : { bank: options.bank }),
    labels: options.label,
  });
}

/** Content ids are printable ASCII without spaces. */
function idFromName(source: string): string {
  return basename(source).replace(/[^\x21-\x7e]/g, '_') || 'content';
}

async function listContents(options: AddOptions, context: CommandContext): Promise<void> {
  const client = clientFor(options, context);
  const rows: string[][] = [['content', 'bank', 'kind', 'seconds', 'frames', 'revision', 'labels']];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await client.listBank({
      limit: '500',
      ...(options.bank === undefined ? {} : { bank: options.bank }),
      ...(cursor === '' ? {} : { cursor }),
    });
    for (const content of page.items) {
      if (options.json === true) context.terminal.print(JSON.stringify(content));
      else rows.push(rowOf(content));
    }
    cursor = page.nextCursor;
  }
  if (options.json === true) return;
  for (const line of formatTable(rows)) context.terminal.print(line);
}

async function removeContents(ids: readonly string[], options: AddOptions, context: CommandContext): Promise<void> {
  const client = clientFor(options, context);
  for (const contentId of ids) {
    await client.removeFromBank(contentId);
    context.terminal.print(
      options.json === true ? JSON.stringify({ contentId, removed: true }) : `removed ${contentId}`,
    );
  }
}

function rowOf(content: BankContent): string[] {
  return [
    content.contentId,
    content.bank,
    content.kind,
    content.kind === 'image' ? '' : content.durationSeconds.toFixed(1),
    String(content.framesIndexed),
    String(content.revision),
    printable(content.labels.join(',')),
  ];
}

function describe(content: BankContent): string {
  const length = content.kind === 'video' ? ` of ${formatSeconds(content.durationSeconds)}` : '';
  const frames = `${content.framesIndexed} frame${content.framesIndexed === 1 ? '' : 's'} indexed`;
  const flat = content.framesLowQuality === 0 ? '' : `, ${content.framesLowQuality} too flat to match`;
  const depth = content.viewsIndexed === 0 ? '' : `, ${content.viewsIndexed} views of them`;
  return `${content.contentId}: ${content.kind}${length}, ${frames}${depth}${flat}`;
}
