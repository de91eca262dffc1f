/** `floodgate serve` and `floodgate demo`. */
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import { readConfig } from '../config/config.ts';
import { limits } from '../config/limits.ts';
import { type CommandContext, exitCodes } from './context.ts';

export function addServeCommands(program: Command, context: CommandContext, exitWith: (code: number) => void): void {
  program
    .command('serve')
    .description('run the service on this machine; settings come from the environment (floodgate config print)')
    .action(() => serve(context));
  program
    .command('demo')
    .description('make media, bank some of it, submit copies and other content, and show what is decided')
    .option('--keep', 'go on serving afterwards, and print the address')
    .option('--json', 'print the result as one JSON object')
    .action(async (options: { keep?: boolean; json?: boolean }) => {
      const { runDemo } = await import('../demo/run-demo.ts');
      const passed = await runDemo(options, context);
      if (!passed) exitWith(exitCodes.negative);
    });
}

async function serve(context: CommandContext): Promise<void> {
  const { config, secrets } = readConfig(context.environment);
  // The bytes that pass through make V8 mark all of a small heap every second, though they die young.
  setFlagsFromString(`--heap-growing-percent=${limits.heapGrowingPercent}`);
  // Loaded late: the other commands need neither the HTTP server nor the clients of the sources, and start sooner.
  const { startService } = await import('../service.ts');
  const service = await startService(config, secrets);
  context.terminal.print(`Floodgate serves at ${service.address}`);
  const signalled = new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([signalled, service.failed]);
  } finally {
    await service.stop(String(context.signal.reason ?? 'the pipeline failed'), limits.drainTimeoutMs);
  }
}
