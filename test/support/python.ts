/** Python with packages from PyPI, in an environment of its own below .cache; made once for each version. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import { packageFile } from '../../src/config/paths.ts';
import { outsideTool } from './outside-tool.ts';

const run = promisify(execFile);
const installTimeoutMs = 240_000;

/** Can make environments: Debian has that in a package of its own. */
function hasPython(): boolean {
  return spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0;
}

/** Suites of what is written in Python. Where it is missing they are skipped by name; in CI they run and fail. */
export function describeWithPython(name: string, body: () => void): void {
  const { isExpected, note } = outsideTool(name, 'Python', hasPython(), 'apt-get install python3-venv');
  describe.runIf(isExpected)(name + note, body);
}

/** The interpreter of an environment that has the requirement, such as "confluent-kafka==2.16.1"; only from wheels. */
export async function pythonWith(requirement: string): Promise<string> {
  const folder = packageFile(`.cache/python/${requirement.replace('==', '-')}`);
  const interpreter = join(folder, 'bin', 'python');
  if (existsSync(interpreter)) return interpreter;
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = `${folder}.${process.pid}`;
  try {
    await run('python3', ['-m', 'venv', unfinished], { timeout: installTimeoutMs });
    const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', requirement];
    await run(join(unfinished, 'bin', 'python'), pip, { timeout: installTimeoutMs });
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return interpreter;
}
