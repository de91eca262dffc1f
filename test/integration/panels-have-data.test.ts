/** Goal: no panel is empty. A misspelt metric, label or value shows only when a real Prometheus has scraped a real service. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outsideTool } from '../support/outside-tool.ts';
import { type Observed, observeUnderLoad, panelCount } from '../support/panels-under-load.ts';
import { jsonLines } from '../support/run-command.ts';
import { Rig } from '../support/service-calls.ts';

const suite = 'the dashboards over a service with the embedded log';
const present = spawnSync('prometheus', ['--version']).error === undefined;
const { isExpected, note } = outsideTool(suite, 'prometheus', present, 'apt-get install prometheus');

describe.runIf(isExpected)(suite + note, () => {
  const rig = new Rig();
  let observed: Observed;
  beforeAll(async () => {
    const served = await rig.serve(await rig.folder());
    observed = await observeUnderLoad([served.url]);
    rig.onClose(() => observed.stop());
  }, 180_000);
  afterAll(() => rig.close());

  it('have data in every panel', () => {
    expect(panelCount()).toBeGreaterThan(50);
    expect(observed.empty).toEqual([]);
  });

  it('stand on recording rules that record', () => {
    expect(observed.unrecorded).toEqual([]);
  });

  it('show what the traffic was: all of it decided as it must be', async () => {
    const [sums] = jsonLines<{ sent: number; passed: boolean }>(observed.traffic);
    expect(sums).toMatchObject({ passed: true });
    expect(await observed.latest('sum(floodgate_decisions_total)')).toEqual([sums?.sent]);
  });

  it('call nobody: no alert fires over a service that is well', async () => {
    expect(await observed.latest('ALERTS{alertstate="firing"}')).toEqual([]);
  });

  it('would be empty for a metric that does not exist', async () => {
    expect(await observed.latest('floodgate_decision_total')).toEqual([]);
  });
});
