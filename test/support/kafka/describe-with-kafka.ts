/** Suites that need a broker. Where none is to be had they are skipped, and say what to install; in CI they run and fail. */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe } from 'vitest';
import { outsideTool } from '../outside-tool.ts';
import { javaCommand } from './java-process.ts';
import { hasKafkaJars, kafkaJars } from './kafka-jars.ts';
import { givenBrokers, sharedBroker } from './shared-broker.ts';

/** The first run on a machine fetches the jars. */
const prepareTimeoutMs = 400_000;
const javaVersionMin = 17;
const otherBrokers = 'or set FLOODGATE_TEST_BROKERS=host:port';

/** Debian's packages of tools that some suites need besides. */
const versionArguments = { kcat: '-V', openssl: 'version', prometheus: '--version' };
export type BesidesKafka = keyof typeof versionArguments;

interface Missing {
  readonly tools: readonly string[];
  readonly packages: readonly string[];
}

/** A suite on the shared broker, which is ready before its tests; they get its address from `sharedBroker()`. */
export function describeWithKafka(name: string, body: () => void, ...besides: BesidesKafka[]): void {
  const missing = addMissing(givenBrokers() === undefined ? missingForBroker() : { tools: [], packages: [] }, besides);
  describeUnlessMissing(name, missing, `, ${otherBrokers}`, () => {
    beforeAll(() => sharedBroker(), prepareTimeoutMs);
    body();
  });
}

/** A suite that starts brokers of its own with `startBroker`, to kill or to set up; other brokers do not serve it. */
export function describeWithOwnKafka(name: string, body: () => void, ...besides: BesidesKafka[]): void {
  describeUnlessMissing(name, addMissing(missingForBroker(), besides), '', () => {
    beforeAll(() => kafkaJars(), prepareTimeoutMs);
    body();
  });
}

function describeUnlessMissing(name: string, missing: Missing, otherwise: string, body: () => void): void {
  const remedy = `apt-get install ${missing.packages.join(' ')}${otherwise}`;
  const { isExpected, note } = outsideTool(name, missing.tools.join(' and '), missing.tools.length === 0, remedy);
  describe.runIf(isExpected)(name + note, body);
}

/** Maven is needed only until the jars are there. */
export function missingForBroker(): Missing {
  const tools: string[] = [];
  const packages: string[] = [];
  if (javaVersion() < javaVersionMin) {
    tools.push(`Java ${javaVersionMin} or newer`);
    packages.push('default-jre-headless');
  }
  if (!hasKafkaJars() && !runs('mvn', '-v')) {
    tools.push('Maven');
    packages.push('maven');
  }
  return { tools, packages };
}

function addMissing(missing: Missing, besides: readonly BesidesKafka[]): Missing {
  const absent = besides.filter((tool) => !runs(tool, versionArguments[tool]));
  return { tools: [...missing.tools, ...absent], packages: [...missing.packages, ...absent] };
}

/** 0 where there is none. */
function javaVersion(): number {
  const { stderr } = spawnSync(javaCommand(), ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
}

function runs(command: string, argument: string): boolean {
  return spawnSync(command, [argument]).status === 0;
}
