/** `floodgate submit`: sends files or addresses to a running service and prints the decisions. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Decision } from '../contracts/decision.ts';
import type { ApiClient } from './client.ts';
import { type CommandContext, exitCodes, integerOption } from './context.ts';
import { formatDecision } from './format-decision.ts';
import { isAddress } from './local-files.ts';
import { clientFor, type ServiceOptions, withServiceOptions } from './service-options.ts';

interface SubmitOptions extends ServiceOptions {
  readonly id?: string;
  readonly wait: number;
  readonly json?: boolean;
}

export function addSubmitCommand(program: Command, context: CommandContext, exitWith: (code: number) => void): void {
  withServiceOptions(program.command('submit'))
    .description('submit uploads and wait for their decisions; exits with 1 when one is blocked or held')
    .argument('<source...>', 'files, or http(s) and s3 addresses')
    .option('--id <uploadId>', 'the upload id, for a single source; default: the name of the file and the time')
    .option('--wait <seconds>', 'how long to wait for each decision', integerOption('--wait', { min: 0, max: 60 }), 30)
    .option('--json', 'one decision a line, as JSON')
    .action((sources: string[], options: SubmitOptions) => submitAll(sources, options, context, exitWith));
}

async function submitAll(
  sources: readonly string[],
  options: SubmitOptions,
  context: CommandContext,
  exitWith: (code: number) => void,
): Promise<void> {
  const client = clientFor(options, context);
  const { terminal } = context;
  for (const source of sources) {
    const uploadId = options.id ?? `${basename(source).replace(/[^\x21-\x7e]/g, '_')}-${Date.now().toString(36)}`;
    const decision = await submitOne(client, source, uploadId, options.wait);
    if (decision === undefined) {
      terminal.print(
        options.json === true ? JSON.stringify({ uploadId, pending: true }) : `… ${uploadId} not decided yet`,
      );
      continue;
    }
    if (options.json === true) terminal.print(JSON.stringify(decision));
    else for (const line of formatDecision(decision, terminal.colours)) terminal.print(line);
    if (decision.outcome !== 'allow') exitWith(exitCodes.negative);
  }
}

function submitOne(client: ApiClient, source: string, uploadId: string, wait: number): Promise<Decision | undefined> {
  return isAddress(source)
    ? client.submitEvent({ uploadId, content: { uri: source } }, wait)
    : client.submitFile(source, { uploadId }, wait);
}
