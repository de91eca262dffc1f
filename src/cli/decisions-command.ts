/** `floodgate decisions`: what a running service decided, the newest last, or as it happens. */
import type { Command } from 'commander';
import type { Decision } from '../contracts/decision.ts';
import { type CommandContext, integerOption } from './context.ts';
import { formatDecision } from './format-decision.ts';
import { clientFor, type ServiceOptions, withServiceOptions } from './service-options.ts';

interface DecisionsOptions extends ServiceOptions {
  readonly follow?: boolean;
  readonly outcome?: string;
  readonly limit: number;
  readonly json?: boolean;
}

export function addDecisionsCommand(program: Command, context: CommandContext): void {
  withServiceOptions(program.command('decisions'))
    .description('the latest decisions with their evidence')
    .option('-f, --follow', 'go on printing decisions as they are made')
    .option('--outcome <outcome>', 'only block, review or allow')
    .option('--limit <count>', 'how many of the latest', integerOption('--limit', { min: 1, max: 500 }), 20)
    .option('--json', 'one decision a line, as JSON')
    .action((options: DecisionsOptions) => showDecisions(options, context));
}

async function showDecisions(options: DecisionsOptions, context: CommandContext): Promise<void> {
  const client = clientFor(options, context);
  const print = (decision: Decision) => {
    if (options.json === true) context.terminal.print(JSON.stringify(decision));
    else for (const line of formatDecision(decision, context.terminal.colours)) context.terminal.print(line);
  };
  const query = {
    limit: String(options.limit),
    ...(options.outcome === undefined ? {} : { outcome: options.outcome }),
  };
  // The stream begins before the list is read, so that no decision falls between the two.
  const made = options.follow === true ? await client.followDecisions() : undefined;
  const listed = await client.listDecisions(query);
  for (const { decision } of [...listed].reverse()) print(decision);
  const newestSequence = listed[0]?.sequence ?? -1;
  for await (const { sequence, decision } of made ?? []) {
    const wanted = options.outcome === undefined || decision.outcome === options.outcome;
    if (wanted && sequence > newestSequence) print(decision);
  }
}
