/** `floodgate stream`: what a running service decided of a live stream, and which of its segments it has seen. */
import type { Command } from 'commander';
import type { Stream } from '../contracts/stream.ts';
import type { CommandContext } from './context.ts';
import { formatMatch, formatOutcome } from './format-decision.ts';
import { clientFor, type ServiceOptions, withServiceOptions } from './service-options.ts';
import type { Terminal } from './terminal.ts';

interface StreamOptions extends ServiceOptions {
  readonly json?: boolean;
}

export function addStreamCommand(program: Command, context: CommandContext): void {
  withServiceOptions(program.command('stream'))
    .description('the latest decision on a live stream, and its segments')
    .argument('<streamId>', 'the id of the stream')
    .option('--json', 'as JSON, on one line')
    .action((streamId: string, options: StreamOptions) => showStream(streamId, options, context));
}

async function showStream(streamId: string, options: StreamOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const stream = await clientFor(options, context).getStream(streamId);
  if (options.json === true) return terminal.print(JSON.stringify(stream));
  for (const line of formatStream(stream, terminal.colours)) terminal.print(line);
}

function formatStream({ streamId, decision, live }: Stream, colours: Terminal['colours']): string[] {
  const segments = live?.segments ?? decision?.segments;
  const seen =
    segments === undefined
      ? []
      : [`    segments ${segments.firstSequence} to ${segments.lastSequence}, ${segments.missing} of them missing`];
  if (decision === null)
    return [`${formatOutcome('allow', colours)} ${streamId}  ${colours.dim('not decided')}`, ...seen];
  const { outcome, revision, sequence, matches } = decision;
  const facts = colours.dim(`revision ${revision}, tipped by segment ${sequence}`);
  const wholeSeconds = Math.max(live?.seconds ?? 0, ...matches.map((match) => match.upload.endSeconds));
  return [
    `${formatOutcome(outcome, colours)} ${streamId}  ${facts}`,
    ...seen,
    ...matches.slice(0, 2).flatMap((match) => formatMatch(match, wholeSeconds, colours)),
  ];
}
