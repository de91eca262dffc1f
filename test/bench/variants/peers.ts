/** The peers beside ours: vPDQ and PDQ in a Python environment under .cache/bench, set up once. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { packageFile } from '../../../src/config/paths.ts';
import type { Kind } from './media-files.ts';

const packages = ['numpy==2.4.6', 'pdqhash==0.2.8', 'vpdq==0.2.5', 'threatexchange==1.2.17'];

/** vpdq comes as source only. */
const buildNeeds = [
  'g++ cmake pkg-config python3-dev libavdevice-dev libavfilter-dev libavformat-dev',
  'libavcodec-dev libswresample-dev libswscale-dev libavutil-dev',
].join(' ');

export const videoRules = ['vpdq', 'vpdqReadme', 'vpdqAny'] as const;
export const imageRules = ['pdq'] as const;
export type Rule = (typeof videoRules)[number] | (typeof imageRules)[number];

export function rulesOf(kind: Kind): readonly Rule[] {
  return kind === 'video' ? videoRules : imageRules;
}

export interface PeerFile {
  readonly id: string;
  readonly kind: Kind;
  readonly path: string;
  readonly sha256: string;
}

export interface PeerUpload extends PeerFile {
  /** Banked files that it is matched without. */
  readonly hidden: readonly string[];
}

export interface PeerAnswers {
  readonly versions: Readonly<Record<string, string>>;
  /** By upload, then by rule: ids of banked files. */
  readonly matched: Readonly<Record<string, Partial<Record<Rule, readonly string[]>>>>;
  /** Uploads that a peer could not read, and why. */
  readonly unreadable: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const stepTimeoutMs = 900_000;
const cache = packageFile('.cache/bench');
const venv = join(cache, 'python-media');
const python = join(venv, 'bin', 'python');

/** Null when they cannot be set up: what is missing is said, and the bench goes on without them. */
export async function askPeers(
  banked: readonly PeerFile[],
  uploads: readonly PeerUpload[],
  terminal: Terminal,
): Promise<PeerAnswers | null> {
  try {
    await setUp(terminal);
    return await ask(banked, uploads, terminal);
  } catch (error) {
    const last = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1);
    terminal.note(`no peers: ${last?.slice(0, 300)}`);
    terminal.note(`they need python3 with venv, PyPI, and to build vpdq: apt-get install python3-venv ${buildNeeds}`);
    return null;
  }
}

async function setUp(terminal: Terminal): Promise<void> {
  const stamp = join(venv, 'ready');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === packages.join('\n')) return;
  terminal.note('setting up the peers ...');
  mkdirSync(cache, { recursive: true });
  await run('python3', ['-m', 'venv', '--clear', venv], { timeout: stepTimeoutMs });
  const install = ['-m', 'pip', '--quiet', '--disable-pip-version-check', 'install', ...packages];
  await run(python, install, { timeout: stepTimeoutMs });
  writeFileSync(stamp, packages.join('\n'));
}

async function ask(
  banked: readonly PeerFile[],
  uploads: readonly PeerUpload[],
  terminal: Terminal,
): Promise<PeerAnswers> {
  const [question, answer] = [join(cache, 'media-question.json'), join(cache, 'media-answer.json')];
  const hashes = join(cache, 'media-hashes.jsonl');
  writeFileSync(question, JSON.stringify({ cache: hashes, processes: availableParallelism(), banked, uploads }));
  const progress = terminal.startProgress('peers', banked.length + uploads.length);
  try {
    await runDriver([packageFile('test/bench/variants/peers/media_peer.py'), question, answer], () =>
      progress.advance(),
    );
    return JSON.parse(readFileSync(answer, 'utf8')) as PeerAnswers;
  } finally {
    progress.end();
    rmSync(question, { force: true });
    rmSync(answer, { force: true });
  }
}

async function runDriver(args: readonly string[], advance: () => void): Promise<void> {
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2_000);
  });
  createInterface({ input: child.stdout }).on('line', advance);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`the driver ended with code ${code}: ${lastWords}`);
}
