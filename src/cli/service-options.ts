/** Options of the commands that talk to a running service. */
import type { Command } from 'commander';
import { ApiClient } from './client.ts';
import type { CommandContext } from './context.ts';

export interface ServiceOptions {
  readonly url?: string;
}

/** The token comes from FLOODGATE_TOKEN only: an argument would show in the list of processes. */
export function withServiceOptions(command: Command): Command {
  return command.option('--url <url>', 'address of the service (or FLOODGATE_URL; default http://127.0.0.1:8080)');
}

export function clientFor(options: ServiceOptions, context: CommandContext): ApiClient {
  const { environment, signal } = context;
  return new ApiClient({
    url: options.url ?? environment.FLOODGATE_URL ?? 'http://127.0.0.1:8080',
    token: environment.FLOODGATE_TOKEN,
    signal,
  });
}
