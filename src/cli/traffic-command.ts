/** `floodgate traffic`: makes a running service's dashboards move. */
import type { Command } from 'commander';
import { type CommandContext, exitCodes, integerOption } from './context.ts';
import { clientFor, type ServiceOptions, withServiceOptions } from './service-options.ts';

interface CommandOptions extends ServiceOptions {
  readonly seconds: number;
  readonly rate: number;
  readonly json?: boolean;
}

export function addTrafficCommand(program: Command, context: CommandContext, exitWith: (code: number) => void): void {
  const seconds = integerOption('--seconds', { min: 0, max: 86_400 });
  const rate = integerOption('--rate', { min: 1, max: 200 });
  withServiceOptions(program.command('traffic'))
    .description('bank content of its own on a running service and send copies, other works and broken files')
    .option('--seconds <count>', 'how long; 0: until it is interrupted', seconds, 60)
    .option('--rate <count>', 'uploads a second', rate, 5)
    .option('--json', 'print the sums as one JSON object')
    .action(async (options: CommandOptions) => {
      const connect = (signal: AbortSignal) => clientFor(options, { ...context, signal });
      const { runTraffic } = await import('../demo/run-traffic.ts');
      if (!(await runTraffic(options, connect, context))) exitWith(exitCodes.negative);
    });
}
