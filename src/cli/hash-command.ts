/** `floodgate hash`: PDQ per frame, without a service. Decoding runs in child processes, as it does in the service. */
import type { Command } from 'commander';
import { limits } from '../config/limits.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { FingerprintResult, SampledFrame, SamplingMode } from '../fingerprint/fingerprinter.ts';
import { hexOfHash } from '../kernel/hash-text.ts';
import { type CommandContext, integerOption } from './context.ts';
import { withLocalFingerprinter } from './local-engine.ts';
import { assertFile } from './local-files.ts';
import { formatSeconds } from './terminal.ts';

interface HashOptions {
  readonly fps: number;
  readonly sparse?: boolean;
  readonly json?: boolean;
}

interface HashedFile {
  readonly file: string;
  readonly result: FingerprintResult;
  readonly frames: readonly SampledFrame[];
}

export function addHashCommand(program: Command, context: CommandContext): void {
  program
    .command('hash')
    .description('PDQ hash and quality of each frame; no service needed')
    .argument('<file...>', 'images or videos')
    .option('--fps <rate>', 'frames a second of video', integerOption('--fps', { min: 1, max: 8 }), 2)
    .option('--sparse', 'sample as for an upload: few frames, spread evenly')
    .option('--json', 'one object a file, one file a line')
    .action((files: string[], options: HashOptions) => hashFiles(files, options, context));
}

async function hashFiles(files: readonly string[], options: HashOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const mode: SamplingMode =
    options.sparse === true ? { kind: 'sparse' } : { kind: 'dense', framesPerSecond: options.fps };
  const failures: FloodgateError[] = [];
  await withLocalFingerprinter(context, async (fingerprinter) => {
    const progress = terminal.startProgress('hashing', files.length);
    for (const file of files) {
      try {
        const frames: SampledFrame[] = [];
        assertFile(file);
        const result = await fingerprinter.fingerprint({
          path: file,
          mode,
          timeoutMs: limits.enrolTimeoutMs,
          signal: context.signal,
          onFrame: (frame) => {
            frames.push(frame);
            return 'more';
          },
          onRestart: () => frames.splice(0),
        });
        print({ file, result, frames: frames.sort((a, b) => a.timeMs - b.timeMs) }, options, context);
      } catch (thrown) {
        context.signal.throwIfAborted();
        const error = toFloodgateError(thrown);
        progress.say(`${file}: ${error.message}`);
        failures.push(error);
      }
      progress.advance(file);
    }
    progress.end();
  });
  const [first] = failures;
  if (first !== undefined)
    throw new FloodgateError(first.code, `${failures.length} of ${files.length} could not be hashed`);
}

function print(hashed: HashedFile, options: HashOptions, context: CommandContext): void {
  const { terminal } = context;
  const frames = hashed.frames.map((frame) => ({
    timeMs: frame.timeMs,
    hash: hexOfHash(frame.hashes.subarray(0, limits.hashBytes)),
    quality: frame.quality,
  }));
  if (options.json === true) {
    const { media, durationMs, degraded } = hashed.result;
    terminal.print(JSON.stringify({ file: hashed.file, media, durationMs, degraded, frames }));
    return;
  }
  terminal.print(terminal.colours.bold(hashed.file));
  for (const frame of frames) {
    const quality = String(frame.quality).padStart(3);
    terminal.print(
      `  ${formatSeconds(frame.timeMs / 1000)}  ${frame.hash}  ${terminal.colours.dim(`quality ${quality}`)}`,
    );
  }
}
