/**
 * `floodgate check`: matches files against known files, against a bank on disk, or against each other, and prints the
 * evidence. No service runs; the same children, search, alignment and policy decide.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { enrolFile } from '../bank/enrol.ts';
import type { LiveBank } from '../bank/live-bank.ts';
import { readConfig } from '../config/config.ts';
import { readPolicy } from '../config/policy-file.ts';
import type { Policy } from '../contracts/policy.ts';
import { decide, type Judgement } from '../decision/decide.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { Fingerprinter } from '../fingerprint/fingerprinter.ts';
import { Examination } from '../flow/examination.ts';
import { examineFile } from '../pipeline.ts';
import { type CommandContext, exitCodes } from './context.ts';
import { formatMatch, formatOutcome } from './format-decision.ts';
import { withLocalBank, withLocalFingerprinter } from './local-engine.ts';
import { assertFile } from './local-files.ts';
import type { Progress } from './terminal.ts';

interface CheckOptions {
  readonly known: readonly string[];
  readonly data?: string;
  readonly policy?: string;
  readonly json?: boolean;
}

interface Checker {
  readonly bank: LiveBank;
  readonly fingerprinter: Fingerprinter;
  readonly policy: Policy;
  readonly context: CommandContext;
  readonly jobTimeoutMs: number;
}

export function addCheckCommand(program: Command, context: CommandContext, exitWith: (code: number) => void): void {
  program
    .command('check')
    .description('match files against known files, a bank, or each other; exits with 1 when something matches')
    .argument('<file...>', 'images or videos')
    .option(
      '--known <file...>',
      'known content to match against; without it and --data, the files are matched with each other',
      [],
    )
    .option('--data <folder>', 'match against the bank of a data folder whose service is not running')
    .option('--policy <path>', 'a policy file (or FLOODGATE_POLICY)')
    .option('--json', 'one object a file, one file a line')
    .action((files: string[], options: CheckOptions) => checkFiles(files, options, context, exitWith));
}

async function checkFiles(
  files: readonly string[],
  options: CheckOptions,
  context: CommandContext,
  exitWith: (code: number) => void,
): Promise<void> {
  const amongEachOther = options.known.length === 0 && options.data === undefined;
  if (amongEachOther && files.length < 2) {
    throw new FloodgateError('invalid_request', 'give two files or more, or known content by --known or --data');
  }
  if (options.known.length > 0 && options.data !== undefined) {
    throw new FloodgateError('invalid_request', 'give --known or --data: files are not added to the bank of a service');
  }
  for (const file of [...files, ...options.known]) assertFile(file);
  const policy = readPolicy(options.policy ?? context.environment.FLOODGATE_POLICY);
  const { jobTimeoutMs } = readConfig(context.environment).config;
  await withLocalFingerprinter(context, (fingerprinter) =>
    withLocalBank(policy, options.data, async (bank) => {
      const checker = { bank, fingerprinter, policy, context, jobTimeoutMs };
      const known = amongEachOther ? files : options.known;
      const progress = context.terminal.startProgress('checking', known.length + files.length);
      const failures = [
        ...(await forEach(known, progress, context.signal, (file) => learn(file, checker))),
        ...(await forEach(files, progress, context.signal, async (file) => {
          const matched = await checkFile(file, amongEachOther, options.json === true, checker);
          if (matched) exitWith(exitCodes.negative);
        })),
      ];
      progress.end();
      const [first] = failures;
      if (first !== undefined) throw first;
    }),
  );
}

/** Goes on after a file that fails; the failures are said at once and returned. */
async function forEach(
  files: readonly string[],
  progress: Progress,
  signal: AbortSignal,
  work: (file: string) => Promise<void>,
): Promise<FloodgateError[]> {
  const failures: FloodgateError[] = [];
  for (const file of files) {
    progress.advance(file);
    try {
      await work(file);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toFloodgateError(thrown);
      progress.say(`${file}: ${error.message}`);
      failures.push(new FloodgateError(error.code, `${file}: ${error.message}`, { cause: error }));
    }
  }
  return failures;
}

async function learn(file: string, { bank, fingerprinter, policy, context }: Checker): Promise<void> {
  const sha256 = await sha256Of(file);
  await enrolFile(
    { bank, fingerprinter, policy: () => policy },
    { path: file, sha256, contentId: contentIdOf(file), signal: context.signal },
  );
}

/** True when something known matched, whatever the policy makes of it. */
async function checkFile(file: string, amongEachOther: boolean, json: boolean, checker: Checker): Promise<boolean> {
  const { context } = checker;
  const itself = contentIdOf(file);
  const { judgement, examination } = await examine(file, amongEachOther ? itself : undefined, checker);
  const { terminal } = context;
  if (json) {
    const { outcome, reason, matches } = judgement;
    terminal.print(
      JSON.stringify({ file, outcome, reason, matches, sampling: examination.sampling(), media: examination.media() }),
    );
  } else {
    terminal.print(
      `${formatOutcome(judgement.outcome, terminal.colours)} ${file}  ${terminal.colours.dim(judgement.reason)}`,
    );
    const seconds = examination.sampling()?.durationSeconds ?? 0;
    for (const match of judgement.matches) {
      for (const line of formatMatch(match, seconds, terminal.colours)) terminal.print(line);
    }
  }
  return judgement.matches.length > 0;
}

async function examine(
  file: string,
  leftOut: string | undefined,
  checker: Checker,
): Promise<{ judgement: Judgement; examination: Examination }> {
  const { bank, policy, context } = checker;
  const seen = leftOut === undefined ? bank : withoutContent(bank, leftOut);
  const examination = new Examination({ bank: seen, policy, elapsedMs: () => performance.now() });
  if (!examination.recognise(await sha256Of(file))) await examineFile(file, examination, checker, context.signal);
  return { judgement: decide(examination.evidence(), policy), examination };
}

/** The bank as it would be without one content: a file does not count as a copy of itself. */
function withoutContent(bank: LiveBank, contentId: string): LiveBank {
  const isOther = (contentNumber: number) => bank.content(contentNumber)?.contentId !== contentId;
  return {
    ...bank,
    position: bank.position,
    size: bank.size,
    search(frame, radiusBits) {
      const found = bank.search(frame, radiusBits);
      return { ...found, matches: found.matches.filter((match) => isOther(match.contentNumber)) };
    },
    nameDeep(queries, wideBits) {
      const naming = bank.nameDeep(queries, wideBits);
      return { ...naming, named: naming.named.filter(({ contentNumber }) => isOther(contentNumber)) };
    },
    deep: (contentNumber) => (isOther(contentNumber) ? bank.deep(contentNumber) : undefined),
    findBySha256: (sha256) => bank.findBySha256(sha256).filter((known) => known.contentId !== contentId),
  };
}

/** Content ids are printable ASCII without spaces; the path tells files of one name apart. */
function contentIdOf(file: string): string {
  return encodeURI(file).slice(-256);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
