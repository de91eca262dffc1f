/** `floodgate policy show` and `floodgate config print`: what is in force, and where it came from. */
import type { Command } from 'commander';
import { showSettings } from '../config/config.ts';
import { readPolicy } from '../config/policy-file.ts';
import { policyVersionOf } from '../contracts/policy.ts';
import type { CommandContext } from './context.ts';
import { formatTable } from './terminal.ts';

export function addShowCommands(program: Command, context: CommandContext): void {
  const { terminal, environment } = context;
  program
    .command('policy')
    .description('the rules by which evidence becomes a decision')
    .command('show')
    .description('print the effective policy with its version')
    .option('--file <path>', 'a policy file (or FLOODGATE_POLICY); without it the built-in policy')
    .option('--json', 'on one line')
    .action((options: { file?: string; json?: boolean }) => {
      const policy = readPolicy(options.file ?? environment.FLOODGATE_POLICY);
      const shown = { version: policyVersionOf(policy), ...policy };
      terminal.print(JSON.stringify(shown, null, options.json === true ? 0 : 2));
    });
  program
    .command('config')
    .description('the settings of the service')
    .command('print')
    .description('print every setting, its value and its source; secrets are masked')
    .option('--json', 'one setting a line')
    .action((options: { json?: boolean }) => {
      const shown = showSettings(environment);
      if (options.json === true) for (const each of shown) terminal.print(JSON.stringify(each));
      else {
        const rows = shown.map((each) => [each.key, each.value, each.source, terminal.colours.dim(each.about)]);
        for (const line of formatTable(rows)) terminal.print(line);
      }
    });
}
