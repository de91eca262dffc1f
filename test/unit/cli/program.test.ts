/** Goal: usage, help and what needs neither content nor a service. What processes add is tested in test/integration. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildProgram, ProgramEnded } from '../../../src/cli/program.ts';
import { createTerminal } from '../../../src/cli/terminal.ts';
import type { Environment } from '../../../src/config/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'floodgate-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rejects with what the command throws. */
async function run(args: readonly string[], environment: Environment = {}) {
  const ran = { code: 0, out: '', err: '' };
  const terminal = createTerminal({
    out: { write: (text) => (ran.out += text) },
    err: { write: (text) => (ran.err += text) },
    outIsTty: false,
    errIsTty: false,
    columns: 100,
    noColour: true,
    forceColour: false,
  });
  const context = { terminal, environment, signal: new AbortController().signal };
  const program = buildProgram(context, (code) => {
    ran.code = code;
  });
  await program.parseAsync(['node', 'floodgate', ...args]).catch((thrown: unknown) => {
    if (!(thrown instanceof ProgramEnded)) throw thrown;
  });
  return ran;
}

function policyFile(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('usage', () => {
  it.each([
    [['--help'], 0, 'out', 'Commands:'],
    [['bank', 'add', '--help'], 0, 'out', 'Usage: floodgate bank add'],
    [['--version'], 0, 'out', '0.'],
    [[], 2, 'err', 'Usage: floodgate'],
    [['bank'], 2, 'err', 'Usage: floodgate bank'],
    [['hash'], 2, 'err', "missing required argument 'file'"],
    [['submit', '--frob', 'x'], 2, 'err', "unknown option '--frob'"],
  ] as const)('%j ends with %i', async (args, code, stream, text) => {
    const ran = await run(args);
    expect(ran.code).toBe(code);
    expect(ran[stream]).toContain(text);
  });

  it.each([
    [['submit', '--wait', '61', 'x'], '--wait takes a whole number from 0 to 60'],
    [['decisions', '--limit', 'many'], '--limit takes a whole number from 1 to 500'],
    [['bank', 'add', '--id', 'x', 'a.jpg', 'b.jpg'], '--id names one content'],
    [['check', 'a.jpg'], 'give two files or more'],
    [['bank', 'list', '--url', 'here'], 'here is not an address'],
  ])('%j is refused', async (args, message) => {
    await expect(run(args)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(message),
    });
  });
});

describe('policy show', () => {
  it('prints the policy in force with its version', async () => {
    const path = policyFile('strict.json', JSON.stringify({ name: 'strict', block: { closeFramesMin: 2 } }));
    const shown = JSON.parse((await run(['policy', 'show', '--file', path])).out);
    expect(shown).toMatchObject({ name: 'strict', mode: 'enforce', block: { closeFramesMin: 2, stillFramesMin: 4 } });
    expect(shown.version).toMatch(/^strict-[0-9a-f]{12}$/);
    expect((await run(['policy', 'show', '--json'])).out.trim().split('\n')).toHaveLength(1);
  });

  it('names the field, or the file, that is wrong', async () => {
    const wrong = policyFile('wrong.json', JSON.stringify({ block: { closeFramesMin: 'many' } }));
    const failing = run(['policy', 'show'], { FLOODGATE_POLICY: wrong });
    await expect(failing).rejects.toMatchObject({
      code: 'invalid_policy',
      message: expect.stringContaining('closeFramesMin'),
    });
    for (const path of [join(folder, 'absent.json'), policyFile('torn.json', '{"name": '), folder]) {
      const showing = run(['policy', 'show', '--file', path]);
      await expect(showing).rejects.toMatchObject({ code: 'invalid_policy', message: expect.stringContaining(path) });
    }
  });
});

describe('config print', () => {
  const environment = { FLOODGATE_PORT: '9', FLOODGATE_TOKENS: 'a-secret-of-some-length' };

  it('shows each setting with its source, and no secret', async () => {
    const lines = (await run(['config', 'print', '--json'], environment)).out.trim().split('\n');
    expect(lines.join()).not.toContain('a-secret');
    const shown = new Map(lines.map((line) => JSON.parse(line)).map((each) => [each.key, each]));
    expect(shown.get('FLOODGATE_PORT')).toMatchObject({ value: '9', source: 'environment' });
    expect(shown.get('FLOODGATE_TOKENS')).toMatchObject({ value: '***', source: 'environment' });
    expect(shown.get('FLOODGATE_HOST')).toMatchObject({ value: '127.0.0.1', source: 'default' });
    const table = (await run(['config', 'print'], environment)).out;
    expect(table).toMatch(/^FLOODGATE_PORT +9 +environment +Port/m);
    expect(table).not.toContain('a-secret');
  });

  it('names a value that does not parse', async () => {
    const printing = run(['config', 'print'], { FLOODGATE_PORT: 'x' });
    await expect(printing).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining(`FLOODGATE_PORT="x"`),
    });
  });
});
