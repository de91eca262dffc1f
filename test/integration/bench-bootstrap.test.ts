/**
 * Goal: the bench "bootstrap" cannot rot, its last line has the keys that its readers rely on, and a replica knows the
 * whole bank after a cold and after a warm start. Small, and on the embedded log; on Kafka where the tests have one.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';
import { describeWithOwnKafka } from '../support/kafka/describe-with-kafka.ts';

const timeout = 180_000;

async function runBench(args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [builtFile('test/bench/main.js'), 'bootstrap', '--json', '--contents', '1200', '--hashes', '5000', ...args],
    { env: { PATH: process.env.PATH, HOME: process.env.HOME } },
  );
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

function expectFigures(summary: Record<string, unknown>): void {
  for (const key of ['coldSeconds', 'warmSeconds', 'rssMb', 'warmRssMb', 'coldRecordsPerSecond', 'coldCpuSeconds']) {
    expect(summary[key], key).toBeGreaterThan(0);
  }
  expect(summary).toMatchObject({ contents: 1200, hashes: 5000, seed: 5, conditions: { node: process.version } });
}

it('measures a cold and a warm start on the embedded log', { timeout }, async () => {
  const summary = await runBench(['--log', 'sqlite', '--rounds', '2', '--seed', '5']);
  expectFigures(summary);
  expect(summary).toMatchObject({ log: 'sqlite', samples: 2 });
});

describeWithOwnKafka('on a broker of its own', () => {
  it('measures the same', { timeout }, async () => {
    const summary = await runBench(['--rounds', '1', '--seed', '5']);
    expectFigures(summary);
    expect(summary).toMatchObject({ log: 'kafka', samples: 1 });
  });
});
