/** Producing and reading with librdkafka, by way of kcat: another client than ours, which knows all codecs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Codecs of record batches, by the number that stands in a batch's attributes. */
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof codecs)[number];

export interface KcatRecords {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly codec?: Codec;
  /** Without tabs and line ends, which separate them on the way to kcat. A batch that would not get smaller goes as it is. */
  readonly records: readonly { readonly key: string; readonly value: string }[];
  readonly partition?: number;
  /** Settings of librdkafka, for example of security. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Resolves when the brokers have acknowledged all of them; rejects with what kcat said. */
export async function produceWithKcat(options: KcatRecords): Promise<void> {
  const lines = options.records.map(({ key, value }) => `${key}\t${value}\n`);
  if (lines.some((line) => !/^[^\t\n]*\t[^\t\n]*\n$/.test(line))) {
    throw new Error('kcat takes keys and values without tabs and line ends only');
  }
  // The batch waits a little, so that few records become one batch.
  const settings = { 'linger.ms': '100', 'message.timeout.ms': '20000', ...options.settings };
  const kcat = spawn(
    'kcat',
    [
      ...['-P', '-b', options.brokers.join(','), '-t', options.topic, '-K', '\t', '-z', options.codec ?? 'none'],
      ...(options.partition === undefined ? [] : ['-p', String(options.partition)]),
      ...Object.entries(settings).flatMap(([key, value]) => ['-X', `${key}=${value}`]),
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  // A kcat that ends early breaks the pipe; its exit code and its words tell more.
  kcat.stdin.on('error', () => {});
  kcat.stdin.end(lines.join(''));
  const [said, [code]] = await Promise.all([text(kcat.stderr), once(kcat, 'close')]);
  if (code !== 0) throw new Error(`kcat could not produce (${code}): ${said}`);
}

/** Keys and values of all committed records of a topic, up to its present end. */
export async function readWithKcat(
  brokers: readonly string[],
  topic: string,
): Promise<{ readonly key: string; readonly value: string }[]> {
  const where = ['-b', brokers.join(','), '-t', topic, '-o', 'beginning', '-X', 'isolation.level=read_committed'];
  const kcat = spawn('kcat', ['-C', '-q', '-e', ...where, '-f', '%k\t%s\n'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [read, said, [code]] = await Promise.all([text(kcat.stdout), text(kcat.stderr), once(kcat, 'close')]);
  if (code !== 0) throw new Error(`kcat could not read (${code}): ${said}`);
  const lines = read.split('\n').filter((line) => line !== '');
  return lines.map((line) => ({ key: line.split('\t')[0] ?? '', value: line.split('\t')[1] ?? '' }));
}
