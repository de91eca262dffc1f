/** `npm run bench -- NAME [--json] [options]`: runs one bench. Each says its conditions; with --json the last line is JSON. */
import { runBootstrap } from './bootstrap/run-bootstrap.ts';
import { runFirstLight } from './first-light.ts';
import { runFreshness } from './kafka/run-freshness.ts';
import { runKafka } from './kafka/run-kafka.ts';
import { runKernel } from './kernel/run-kernel.ts';
import { runVariants } from './variants/run-variants.ts';
import { runWave } from './wave/run-wave.ts';

const benches: Record<string, (args: readonly string[]) => Promise<void>> = {
  bootstrap: runBootstrap,
  'first-light': runFirstLight,
  freshness: runFreshness,
  kafka: runKafka,
  kernel: runKernel,
  variants: runVariants,
  wave: runWave,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')} [--json] [--seed N]\n`);
  process.exitCode = 2;
} else {
  try {
    await bench(args);
  } catch (error) {
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
