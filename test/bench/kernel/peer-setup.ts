/**
 * Fetches and builds the peers, once: a Python environment and three binaries under .cache/bench, which git ignores.
 *
 * Packages come by name from whatever index this machine's pip is set up with. What cannot be had is named in `missing`
 * and the bench goes on without it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageFile } from '../../../src/config/paths.ts';

export const peerVersions = {
  pip: { setuptools: '80.9.0', wheel: '0.48.0', cython: '3.3.1', numpy: '2.4.6' },
  faiss: '1.15.1',
  threatexchange: '1.2.17',
  pdqhash: '0.2.8',
} as const;

/** `install` sets up what is not there; `present` takes what is there; `none` runs without peers. */
export type PeerChoice = 'install' | 'present' | 'none';

export interface PeerCommands {
  /** The C++ reference without contraction, which our hashes must equal, and the same built for this machine. */
  readonly pdq: string | null;
  readonly pdqNative: string | null;
  readonly scanNative: string | null;
  readonly scan: string | null;
  /** A Python that has faiss. */
  readonly python: string | null;
  readonly threatexchange: boolean;
  readonly missing: readonly string[];
}

const run = promisify(execFile);
const stepTimeoutMs = 600_000;
const cache = packageFile('.cache/bench');
const venv = join(cache, 'python');
const python = join(venv, 'bin', 'python');
const driver = (name: string) => packageFile(`test/bench/kernel/peers/${name}`);
export const faissDriver = driver('faiss_peer.py');

const pdqFlags = ['-O3', '-ffp-contract=off'];
const pdqNativeFlags = ['-O3', '-march=native'];

export async function setUpPeers(choice: PeerChoice, say: (line: string) => void): Promise<PeerCommands> {
  const missing: string[] = [];
  if (choice === 'none') {
    const absent = { pdq: null, pdqNative: null, scanNative: null, scan: null, python: null, threatexchange: false };
    return { ...absent, missing: ['all peers: left out by choice'] };
  }
  mkdirSync(cache, { recursive: true });
  /** Takes a step unless it was taken before; false when it cannot be. */
  const attempt = async (row: string, done: () => boolean, step: () => Promise<void>): Promise<boolean> => {
    if (done()) return true;
    try {
      if (choice === 'present') throw new Error('not set up; run the bench with --peers install');
      say(`setting up ${row} ...`);
      await step();
      if (done()) return true;
      throw new Error('was set up and is not there');
    } catch (error) {
      missing.push(`${row}: ${shorten(error)}`);
      return false;
    }
  };
  const hasPython = await attempt(
    'Python, for FAISS, ThreatExchange and the C++ reference',
    () => existsSync(join(venv, 'ready')),
    makeEnvironment,
  );
  const faiss =
    hasPython && (await attempt('FAISS and ThreatExchange', () => hasStamp('faiss'), installer('faiss', 'faiss-cpu')));
  const threatexchange =
    faiss &&
    (await attempt('ThreatExchange', () => hasStamp('threatexchange'), installer('threatexchange', 'threatexchange')));
  const sources = join(cache, `pdqhash-${peerVersions.pdqhash}`);
  const hasSources =
    hasPython && (await attempt('C++ reference, its sources', () => existsSync(sources), fetchReference));
  const build = async (row: string, compile: Compilation): Promise<string | null> => {
    const output = outputOf(compile);
    return (await attempt(
      row,
      () => existsSync(output),
      () => compileTo(output, compile),
    ))
      ? output
      : null;
  };
  return {
    pdq: hasSources ? await build('C++ reference, -O3', pdqCompilation(sources, pdqFlags)) : null,
    pdqNative: hasSources
      ? await build('C++ reference, -O3 -march=native', pdqCompilation(sources, pdqNativeFlags))
      : null,
    scanNative: await build('plain C loop, -O3 -march=native', scanCompilation(['-O3', '-march=native'])),
    scan: await build('plain C loop, -O3', scanCompilation(['-O3'])),
    python: faiss ? python : null,
    threatexchange,
    missing,
  };
}

async function makeEnvironment(): Promise<void> {
  await run('python3', ['-m', 'venv', '--clear', venv], { timeout: stepTimeoutMs });
  const packages = Object.entries(peerVersions.pip).map(([name, version]) => `${name}==${version}`);
  await pip(['install', ...packages]);
  writeFileSync(join(venv, 'ready'), `${packages.join('\n')}\n`);
}

function installer(name: 'faiss' | 'threatexchange', packageName: string): () => Promise<void> {
  return async () => {
    await pip(['install', `${packageName}==${peerVersions[name]}`]);
    writeFileSync(stampOf(name), '');
  };
}

const stampOf = (name: 'faiss' | 'threatexchange') => join(venv, `${name}-${peerVersions[name]}`);
const hasStamp = (name: 'faiss' | 'threatexchange') => existsSync(stampOf(name));

/** Only the source package holds the C++; isolation is off because the build's needs are already installed. */
async function fetchReference(): Promise<void> {
  const name = `pdqhash-${peerVersions.pdqhash}`;
  const folder = join(cache, 'unpacking');
  const flags = ['--no-deps', '--no-build-isolation', '--no-binary', ':all:', '--dest', cache];
  await pip(['download', ...flags, `pdqhash==${peerVersions.pdqhash}`]);
  await run(python, ['-m', 'tarfile', '-e', join(cache, `${name}.tar.gz`), folder], { timeout: stepTimeoutMs });
  renameSync(join(folder, name), join(cache, name));
}

async function pip(args: readonly string[]): Promise<void> {
  await run(python, ['-m', 'pip', '--quiet', '--disable-pip-version-check', ...args], { timeout: stepTimeoutMs });
}

interface Compilation {
  readonly name: string;
  readonly compiler: string;
  readonly driver: string;
  readonly args: readonly string[];
}

function scanCompilation(flags: readonly string[]): Compilation {
  return { name: 'scan', compiler: 'gcc', driver: driver('scan.c'), args: [...flags, '-std=gnu11'] };
}

/** The package builds the same files; patches.h is its own remedy for other compilers. */
function pdqCompilation(sources: string, flags: readonly string[]): Compilation {
  const root = join(sources, 'ThreatExchange');
  const parts = ['hashing/pdqhashing', 'hashing/torben', 'downscaling/downscaling', 'common/pdqhashtypes'];
  const files = [...parts, 'common/pdqhamming'].map((part) => join(root, 'pdq/cpp', `${part}.cpp`));
  const args = [...flags, '-std=c++17', '-I', root, '-include', join(sources, 'include/patches.h'), ...files];
  return { name: 'pdq', compiler: 'g++', driver: driver('pdq.cpp'), args };
}

/** Named after what it is made from, so that a change of driver or flags is built anew. */
function outputOf({ name, driver: source, args }: Compilation): string {
  const key = createHash('sha256').update(readFileSync(source)).update(args.join(' ')).digest('hex');
  return join(cache, `${name}-${key.slice(0, 12)}`);
}

async function compileTo(output: string, { compiler, driver: source, args }: Compilation): Promise<void> {
  await run(compiler, [...args, source, '-o', output], { timeout: stepTimeoutMs });
}

/** The last line of what went wrong: for pip and compilers, that is where the reason stands. */
function shorten(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}
