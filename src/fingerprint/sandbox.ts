/**
 * What a child is started with so that hostile bytes gain nothing from taking it over. Each measure is tried once at
 * start and left out, by name, where the machine refuses it.
 */
import { spawnSync } from 'node:child_process';
import { platform, userInfo } from 'node:os';
import { execPath } from 'node:process';
import { limits } from '../config/limits.ts';
import { packageFile } from '../config/paths.ts';

export interface Sandbox {
  /** Command and arguments to put before the child's own; each replaces itself with the next, so the pid stays. */
  readonly prefix: readonly string[];
  /** True when the child runs as another user than this process. */
  readonly dropsUser: boolean;
  readonly measures: readonly string[];
  /** What is missing, with what to do about it. */
  readonly missing: readonly string[];
}

const nobody = '65534';
/**
 * How much a child steps back. A decoder has work for as long as it is let; the service has a little for each frame, and
 * whoever waits for it does too much: frames after those that decide.
 */
const niceness = 5;
/** Freed and mapped memory comes and goes faster than it is watched; the watch has the exact bound. */
const dataBytesMax = 2 * limits.childMemoryBytesMax;

let detected: Sandbox | null = null;

/** The same answer for the life of this process. */
export function describeSandbox(): Sandbox {
  detected ??= detectSandbox();
  return detected;
}

function detectSandbox(): Sandbox {
  if (platform() !== 'linux') {
    return { prefix: [], dropsUser: false, measures: [], missing: ['no sandbox on this system: run it on Linux'] };
  }
  const network = detectNetwork();
  const user = detectUser(network.prefix);
  const bounds = detectBounds();
  const parts = [network, user, bounds, detectPriority()];
  return {
    prefix: parts.flatMap((part) => part.prefix),
    dropsUser: user.prefix.some((argument) => argument.startsWith('--reuid')),
    measures: parts.flatMap((part) => part.measures),
    missing: parts.flatMap((part) => part.missing),
  };
}

interface Part {
  readonly prefix: readonly string[];
  readonly measures: readonly string[];
  readonly missing: readonly string[];
}

function detectNetwork(): Part {
  const asRoot = ['unshare', '--net', '--ipc', '--'];
  const asUser = ['unshare', '--user', '--map-root-user', '--net', '--ipc', '--'];
  const prefix = [asRoot, asUser].find((candidate) => works(candidate));
  if (prefix !== undefined) return { prefix, measures: ['no network'], missing: [] };
  const missing =
    'children can reach the network: allow user namespaces (unshare of util-linux) or run without network';
  return { prefix: [], measures: [], missing: [missing] };
}

function detectUser(before: readonly string[]): Part {
  const always = ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs'];
  const caps = ['--bounding-set=-all', '--inh-caps=-all'];
  const drop = [...always, ...caps, `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  const readsPackage = ['test', '-x', execPath, '-a', '-r', packageFile('package.json')];
  const measures = ['dies with its parent', 'no new privileges'];
  // In a namespace of its own user the child is root in name only, and there is no other user to become.
  if (userInfo().uid === 0 && !before.includes('--user') && works([...before, ...drop], readsPackage)) {
    return { prefix: drop, measures: [...measures, 'runs as nobody, without capabilities'], missing: [] };
  }
  if (works([...before, ...always, '--'])) return { prefix: [...always, '--'], measures, missing: [] };
  return {
    prefix: [],
    measures: [],
    missing: ['setpriv of util-linux is missing: a hung child may outlive its parent'],
  };
}

function detectBounds(): Part {
  const prefix = ['prlimit', '--core=0', '--nofile=256', '--fsize=0', `--data=${dataBytesMax}`, '--'];
  if (works(prefix)) return { prefix, measures: ['no files written, no core dumps, bounded memory'], missing: [] };
  return { prefix: [], measures: [], missing: ['prlimit of util-linux is missing: children have no resource limits'] };
}

function detectPriority(): Part {
  const prefix = ['nice', '-n', String(niceness)];
  if (works(prefix)) return { prefix, measures: ['yields to the service'], missing: [] };
  return { prefix: [], measures: [], missing: ['nice of coreutils is missing: children compete with the service'] };
}

function works(prefix: readonly string[], command: readonly string[] = ['true']): boolean {
  const [executable, ...rest] = [...prefix, ...command];
  if (executable === undefined) return false;
  return spawnSync(executable, rest, { stdio: 'ignore', timeout: 5_000 }).status === 0;
}
