/** Goal: Prometheus itself finds nothing to say about our metrics, defaults of the client included. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { outsideTool } from '../support/outside-tool.ts';
import { populatedMetrics } from '../support/populated-metrics.ts';

const promtool = spawnSync('promtool', ['--version']);
const suite = 'promtool check metrics';
const { isExpected, note } = outsideTool(suite, 'promtool', promtool.error === undefined, 'apt-get install prometheus');

describe.runIf(isExpected)(suite + note, () => {
  it('is clean over a registry in which everything was counted', async () => {
    const text = await populatedMetrics().text();
    const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status: check.status, said: `${check.stdout}${check.stderr}` }).toEqual({ status: 0, said: '' });
  });

  it('sees the faults it is trusted to see', () => {
    const misnamed =
      '# HELP floodgate_things_total Things.\n# TYPE floodgate_things_total gauge\nfloodgate_things_total 1\n';
    const check = spawnSync('promtool', ['check', 'metrics'], { input: misnamed, encoding: 'utf8' });
    expect(check.status).not.toBe(0);
  });
});
