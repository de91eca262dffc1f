/** Banks files and examines uploads through the very parts that `floodgate check` uses. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { enrolFile } from '../../../src/bank/enrol.ts';
import type { LiveBank } from '../../../src/bank/live-bank.ts';
import type { CommandContext } from '../../../src/cli/context.ts';
import { withLocalBank, withLocalFingerprinter } from '../../../src/cli/local-engine.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { readConfig } from '../../../src/config/config.ts';
import { limits } from '../../../src/config/limits.ts';
import type { Outcome } from '../../../src/contracts/common.ts';
import { type Match, type Reason, type UnjudgedReason, unjudgedReasons } from '../../../src/contracts/decision.ts';
import { type Policy, policyVersionOf } from '../../../src/contracts/policy.ts';
import { marginOf } from '../../../src/decision/assess.ts';
import { decide } from '../../../src/decision/decide.ts';
import type { Evidence } from '../../../src/decision/evidence.ts';
import { parsePolicy } from '../../../src/decision/policy.ts';
import { toFloodgateError } from '../../../src/errors.ts';
import type { PooledFingerprinter } from '../../../src/fingerprint/child-pool.ts';
import { Examination } from '../../../src/flow/examination.ts';
import { examineFile } from '../../../src/pipeline.ts';
import { readCpuMs } from './cpu-time.ts';

/** A match and what its content alone would have led to. */
export interface JudgedMatch {
  readonly match: Match;
  readonly outcome: Outcome;
}

export interface LineMargin {
  readonly contentId: string;
  readonly margin: number;
}

export interface Examined {
  readonly outcome: Outcome;
  readonly reason: Reason;
  /** Best first. */
  readonly matches: readonly JudgedMatch[];
  /** Of each line that pixels judge, what it shows and how far from a block it is; 0 and more blocks. */
  readonly margins: readonly LineMargin[];
  readonly framesSampled: number;
  readonly sha256: string;
  readonly ms: number;
}

export interface Engine {
  readonly policyVersion: string;
  /** Banks a file as `knownId` and tells its SHA-256; throws when it cannot be read. */
  learn(path: string, knownId: string): Promise<string>;
  /** `hidden`: known content that the bank is looked at without. */
  examine(path: string, hidden: ReadonlySet<string>): Promise<Examined>;
  /** CPU time that this process and its children have used so far, milliseconds. */
  cpuMs(): number;
  /** Unique hashes of parts and turned views in the bank. */
  deepHashes(): number;
}

export interface EngineOptions {
  /** The bank is searched as one of more hashes than `limits.hotHashesMax`: within what segments answer. */
  readonly asLargeBank?: boolean;
}

/** Runs `work` on an empty bank under the default policy, with as many children as there are cores. */
export async function withEngine<T>(
  terminal: Terminal,
  work: (engine: Engine) => Promise<T>,
  { asLargeBank = false }: EngineOptions = {},
): Promise<T> {
  const context: CommandContext = { terminal, environment: {}, signal: new AbortController().signal };
  const policy = parsePolicy({});
  const { jobTimeoutMs } = readConfig(context.environment).config;
  return withLocalFingerprinter(context, (fingerprinter) =>
    withLocalBank(policy, undefined, (bank) => {
      const searched = asLargeBank ? searchedNarrowly(bank) : bank;
      return work(createEngine({ bank: searched, fingerprinter, policy, jobTimeoutMs }));
    }),
  );
}

interface EngineParts {
  readonly bank: LiveBank;
  readonly fingerprinter: PooledFingerprinter;
  readonly policy: Policy;
  readonly jobTimeoutMs: number;
}

function createEngine(parts: EngineParts): Engine {
  const { bank, fingerprinter, policy } = parts;
  return {
    policyVersion: policyVersionOf(policy),
    async learn(path, knownId) {
      const sha256 = await sha256Of(path);
      await enrolFile({ bank, fingerprinter, policy: () => policy }, { path, sha256, contentId: knownId });
      return sha256;
    },
    examine: (path, hidden) => examine(path, hidden, parts),
    cpuMs: () => readCpuMs(fingerprinter.pids),
    deepHashes: () => bank.deepHashes,
  };
}

async function examine(path: string, hidden: ReadonlySet<string>, parts: EngineParts): Promise<Examined> {
  const { policy } = parts;
  const startedMs = performance.now();
  const sha256 = await sha256Of(path);
  const bank = hidden.size === 0 ? parts.bank : withoutContents(parts.bank, hidden);
  const examination = new Examination({ bank, policy, elapsedMs: () => performance.now() });
  if (!examination.recognise(sha256)) {
    await examineFile(path, examination, parts, new AbortController().signal).catch((thrown: unknown) => {
      const error = toFloodgateError(thrown);
      if (!isUnjudged(error.code)) throw thrown;
      examination.giveUp(error.code, error.message);
    });
  }
  const evidence = examination.evidence();
  const { outcome, reason, matches } = decide(evidence, policy);
  const ms = performance.now() - startedMs;
  const leaked = matches.find(({ contentId }) => hidden.has(contentId));
  // Then "no false block" would only say that everything was recognised as itself.
  if (leaked !== undefined) throw new Error(`${path} matched ${leaked.contentId}, which was to be left out`);
  return {
    outcome,
    reason,
    matches: matches.map((match) => ({ match, outcome: outcomeOf(match.contentId, evidence, policy) })),
    margins: evidence.alignments.flatMap((alignment) => {
      const margin = marginOf(alignment, evidence.kind, policy);
      const known = evidence.known(alignment.contentNumber);
      return margin === undefined || known === undefined ? [] : [{ contentId: known.contentId, margin }];
    }),
    framesSampled: examination.sampling()?.framesSampled ?? 0,
    sha256,
    ms,
  };
}

/** The outcome if only this content were known. */
function outcomeOf(contentId: string, evidence: Evidence, policy: Policy): Outcome {
  const ofContent = {
    ...evidence,
    exact: evidence.exact.filter((known) => known.contentId === contentId),
    alignments: evidence.alignments.filter((each) => evidence.known(each.contentNumber)?.contentId === contentId),
  };
  return decide(ofContent, policy).outcome;
}

function isUnjudged(code: string): code is UnjudgedReason {
  return (unjudgedReasons as readonly string[]).includes(code);
}

/** The bank as it would be without some contents: a file does not count as a copy of itself. */
function withoutContents(bank: LiveBank, hidden: ReadonlySet<string>): LiveBank {
  const content: LiveBank['content'] = (number) => {
    const known = bank.content(number);
    return known === undefined || hidden.has(known.contentId) ? undefined : known;
  };
  const overrides: Partial<LiveBank> = {
    content,
    search(...args) {
      const found = bank.search(...args);
      return { ...found, matches: found.matches.filter(({ contentNumber }) => content(contentNumber) !== undefined) };
    },
    nameDeep(...args) {
      const naming = bank.nameDeep(...args);
      return { ...naming, named: naming.named.filter(({ contentNumber }) => content(contentNumber) !== undefined) };
    },
    findBySha256: (sha256) => bank.findBySha256(sha256).filter(({ contentId }) => !hidden.has(contentId)),
  };
  return overridden(bank, overrides);
}

/** The bank as it would be among a million other hashes. */
function searchedNarrowly(bank: LiveBank): LiveBank {
  const narrow = (wideBits: number) => Math.min(wideBits, limits.segmentRadiusBitsMax);
  return overridden(bank, {
    search: (frame, wideBits, views) => bank.search(frame, narrow(wideBits), views),
    nameDeep: (queries, wideBits) => bank.nameDeep(queries, narrow(wideBits)),
  });
}

function overridden(bank: LiveBank, overrides: Partial<LiveBank>): LiveBank {
  return new Proxy(bank, {
    get(target, name) {
      const value: unknown = Reflect.get(name in overrides ? overrides : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
