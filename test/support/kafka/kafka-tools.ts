/** Kafka's own tools for administrators, which the broker's jars lack: one more jar from Maven Central, beside them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runJava } from './java-process.ts';
import { kafkaJars, kafkaVersion } from './kafka-jars.ts';

const run = promisify(execFile);

/** Runs `kafka-acls` with these arguments; rejects with what it said when it fails. */
export async function runKafkaAcls(args: readonly string[]): Promise<string> {
  const libs = await kafkaJars();
  return runJava(`${await toolsJar(libs)}:${libs}`, 'org.apache.kafka.tools.AclCommand', args);
}

async function toolsJar(libs: string): Promise<string> {
  const folder = join(dirname(libs), 'tools');
  const jar = join(folder, `kafka-tools-${kafkaVersion()}.jar`);
  if (existsSync(jar)) return jar;
  const artifact = `-Dartifact=org.apache.kafka:kafka-tools:${kafkaVersion()}`;
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';
  await run('mvn', ['-q', '-B', goal, artifact, `-DoutputDirectory=${folder}`], {
    timeout: 300_000,
    cwd: dirname(libs),
  });
  return jar;
}
