/** Goal: the demo, as its readers run it: every copy is blocked as what it is a copy of, and nothing else. */
import { expect, it } from 'vitest';
import { jsonLines, runCommand } from '../support/run-command.ts';

it('blocks every copy and no other work', { timeout: 200_000 }, async () => {
  // A setting of the surroundings that would break it, if the demo went by it.
  const environment = { FLOODGATE_DATA: '/nowhere', FLOODGATE_PORT: '0' };
  const result = await runCommand(['demo', '--json'], { environment, timeoutMs: 180_000 });
  expect(result.stderr).not.toContain('floodgate: ');
  const [facts] = jsonLines<{ copies: number; blocked: number; unrelated: number }>(result);
  expect(facts).toMatchObject({ passed: true, falseBlocks: 0 });
  expect(facts?.blocked).toBe(facts?.copies);
  expect(facts?.copies).toBeGreaterThan(20);
  expect(facts?.unrelated).toBeGreaterThan(5);
  expect(result.exitCode).toBe(0);
});
