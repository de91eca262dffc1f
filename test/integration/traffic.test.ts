/** Goal: the traffic that makes dashboards move is right about every upload, and leaves the bank as it found it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, runCommand } from '../support/run-command.ts';
import type { ServedProcess } from '../support/served-process.ts';
import { addKnown, call, picture, Rig } from '../support/service-calls.ts';

const rig = new Rig();
let served: ServedProcess;
beforeAll(async () => {
  served = await rig.serve(await rig.folder());
  await addKnown(served.url, await picture(1), { contentId: 'somebody-elses' });
});
afterAll(() => rig.close());

const bankIds = async () => {
  const { body } = await call<{ items: { contentId: string }[] }>(`${served.url}/v1/bank`);
  return body.items.map(({ contentId }) => contentId);
};

describe('floodgate traffic', () => {
  it('has its copies blocked and nothing else, for as long as it was told', { timeout: 60_000 }, async () => {
    const args = ['traffic', '--url', served.url, '--seconds', '5', '--rate', '8', '--json'];
    const result = await runCommand(args, { timeoutMs: 60_000 });
    const [sums] = jsonLines<{ sent: number; block: number; review: number; allow: number }>(result);
    expect(sums).toMatchObject({ unexpected: 0, failed: 0, undecided: 0, passed: true });
    expect(sums?.sent).toBeGreaterThan(15);
    expect(Math.min(sums?.block ?? 0, sums?.review ?? 0, sums?.allow ?? 0)).toBeGreaterThan(0);
    expect(result.exitCode).toBe(0);
    expect(await bankIds()).toEqual(['somebody-elses']);
  });

  it('cleans up after an interrupt too', { timeout: 60_000 }, async () => {
    const running = runCommand(['traffic', '--url', served.url, '--seconds', '0'], {
      timeoutMs: 60_000,
      interruptOnNote: (stderr) => stderr.includes('uploads begin'),
    });
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d+ uploads: /);
    expect(await bankIds()).toEqual(['somebody-elses']);
  });

  it('says so when no service answers', async () => {
    const { exitCode, stderr } = await runCommand(['traffic', '--url', 'http://127.0.0.1:9', '--seconds', '1'], {
      timeoutMs: 60_000,
    });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('no service answers') });
  });
});
