/** `floodgate submit`: sends files or addresses to a running service and prints the decisions. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Decision } from '../contracts/decision.ts';
import type { UploadEvent } from '../contracts/upload.ts';
import type { ApiClient } from './client.ts';
import { type CommandContext, exitCodes, integerOption } from './context.ts';
import { formatDecision } from './format-decision.ts';
import { isAddress } from './local-files.ts';
import { clientFor, type ServiceOptions, withServiceOptions } from './service-options.ts';

interface SubmitOptions extends ServiceOptions {
  readonly id?: string;
  readonly stream?: string;
  readonly sequence: number;
  readonly wait: number;
  readonly json?: boolean;
}

export function addSubmitCommand(program: Command, context: CommandContext, exitWith: (code: number) => void): void {
  withServiceOptions(program.command('submit'))
    .description('submit uploads and wait for their decisions; exits with 1 when one is blocked or held')
    .argument('<source...>', 'files, or http(s) and s3 addresses')
    .option('--id <uploadId>', 'the upload id, for a single source; default: the name of the file and the time')
    .option('--stream <streamId>', 'the live stream whose segments the sources are, in order')
    .option(
      '--sequence <number>',
      'the sequence of the first segment',
      integerOption('--sequence', { min: 0, max: Number.MAX_SAFE_INTEGER }),
      0,
    )
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
  for (const [place, source] of sources.entries()) {
    const uploadId = options.id ?? `${basename(source).replace(/[^\x21-\x7e]/g, '_')}-${Date.now().toString(36)}`;
    const stream =
      options.stream === undefined ? {} : { stream: { id: options.stream, sequence: options.sequence + place } };
    const decision = await submitOne(client, source, { uploadId, ...stream }, options.wait);
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

function submitOne(
  client: ApiClient,
  source: string,
  upload: Pick<UploadEvent, 'uploadId' | 'stream'>,
  wait: number,
): Promise<Decision | undefined> {
  if (isAddress(source)) return client.submitEvent({ ...upload, content: { uri: source } }, wait);
  const { uploadId, stream } = upload;
  const fields = stream === undefined ? { uploadId } : { uploadId, stream: JSON.stringify(stream) };
  return client.submitFile(source, fields, wait);
}
