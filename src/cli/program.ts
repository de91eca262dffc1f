/** The `floodgate` command: which verbs there are, their options, and who does them. */
import { Command } from 'commander';
import { readPackageVersion } from '../config/version.ts';
import { addBankCommands } from './bank-commands.ts';
import { addCheckCommand } from './check-command.ts';
import { type CommandContext, exitCodes } from './context.ts';
import { addDeadLetterCommands } from './dead-letters-command.ts';
import { addDecisionsCommand } from './decisions-command.ts';
import { addHashCommand } from './hash-command.ts';
import { addServeCommands } from './serve-command.ts';
import { addShowCommands } from './show-commands.ts';
import { addStreamCommand } from './stream-command.ts';
import { addSubmitCommand } from './submit-command.ts';
import { addTopicsCommands } from './topics-command.ts';
import { addTrafficCommand } from './traffic-command.ts';
import { addValidateCommand } from './validate-command.ts';

/** Thrown when help, the version or a fault of usage has been printed and nothing is left to do. */
export class ProgramEnded extends Error {}

/** Builds the program; `exitWith` is told a code other than 0 when a command ends with one. */
export function buildProgram(context: CommandContext, exitWith: (code: number) => void): Command {
  const program = new Command('floodgate')
    .description('Stops re-uploads: matches uploads against banks of known content, and says why.')
    .version(readPackageVersion())
    .showHelpAfterError('(floodgate --help lists the commands)')
    .configureOutput({
      writeOut: (text) => context.terminal.print(text.trimEnd()),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    });
  // Before the commands: each inherits it when it is made.
  program.exitOverride((error) => {
    exitWith(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
    throw new ProgramEnded();
  });
  addServeCommands(program, context, exitWith);
  addBankCommands(program, context);
  addSubmitCommand(program, context, exitWith);
  addCheckCommand(program, context, exitWith);
  addHashCommand(program, context);
  addDecisionsCommand(program, context);
  addStreamCommand(program, context);
  addDeadLetterCommands(program, context);
  addTrafficCommand(program, context, exitWith);
  addShowCommands(program, context);
  addTopicsCommands(program, context, exitWith);
  addValidateCommand(program, context);
  return program;
}
