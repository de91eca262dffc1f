/** Goal: a producer team finds every fault of its events before the service does, and the same faults. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/config/paths.ts';
import { nearMiss } from '../../support/golden-events.ts';
import { jsonLines, runCommand } from '../../support/run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'floodgate-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('floodgate validate', () => {
  it('takes the golden events, uploads and decisions alike', async () => {
    const golden = ['upload', 'decision'].map((name) => packageFile(`test/golden/events/${name}.json`));
    const { exitCode, stdout } = await runCommand(['validate', ...golden]);
    expect(exitCode).toBe(0);
    expect(stdout.match(/: (upload|decision), valid$/gm)).toHaveLength(6);
  });

  it('names each fault by its pointer, in lists and in lines', async () => {
    const wrong = nearMiss('upload', { uploadId: 'a b', uploadedAt: undefined });
    const lines = file(
      'lines.ndjson',
      `${JSON.stringify(nearMiss('decision', { revision: 0 }))}\n\n${JSON.stringify(wrong)}\n`,
    );
    const result = await runCommand(['validate', lines, '--json']);
    expect(result).toMatchObject({ exitCode: 2, stderr: 'floodgate: 2 of 2 events are not valid\n' });
    expect(jsonLines(result)).toMatchObject([
      { event: 0, type: 'decision', faults: [expect.stringMatching(/^\/revision /)] },
      { event: 1, type: 'upload', faults: [expect.stringMatching(/^\/uploadI?/), '/uploadedAt is required'].sort() },
    ]);
    const asked = await runCommand(['validate', '--type', 'decision', file('one.json', JSON.stringify(wrong))]);
    expect(asked.stdout).toContain('one.json #0: decision, not valid\n  /');
  });

  it('says what is no JSON, and what is not there', async () => {
    expect(await runCommand(['validate', file('torn.json', '{"uploadId":')])).toMatchObject({ exitCode: 2 });
    expect(await runCommand(['validate', join(folder, 'absent.json')])).toMatchObject({ exitCode: 4 });
  });
});
