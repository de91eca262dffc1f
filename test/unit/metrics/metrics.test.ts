/** Goal: docs/operations/metrics.md says exactly what the service registers, and labels stay few. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/config/paths.ts';
import { emptyMetrics, populatedMetrics } from '../../support/populated-metrics.ts';

interface Described {
  readonly name: string;
  readonly type: string;
  readonly labels: string;
  readonly help: string;
}

/** The rows of the tables that list metrics: a name in code, a type, labels, meaning. */
function documented(): Described[] {
  const text = readFileSync(packageFile('docs/operations/metrics.md'), 'utf8');
  const rows = text.matchAll(/^\| *`(\w+)` *\| *(counter|gauge|histogram) *\| *([^|]*?) *\| *([^|]+?) *\|$/gm);
  return [...rows].map(([, name = '', type = '', labels = '', help = '']) => ({
    name,
    type,
    labels: labels.replaceAll('`', ''),
    help,
  }));
}

async function registered(): Promise<Described[]> {
  const { registry } = emptyMetrics();
  const metrics = (await registry.getMetricsAsJSON()) as unknown as { name: string; type: string; help: string }[];
  return metrics.map(({ name, type, help }) => {
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
    return { name, type, help, labels: labelNames.filter((label) => label !== 'le').join(', ') };
  });
}

const byName = (a: Described, b: Described): number => (a.name < b.name ? -1 : 1);

describe('the metrics', () => {
  it('are those of docs/operations/metrics.md', async () => {
    expect(documented().sort(byName)).toEqual((await registered()).sort(byName));
  });

  it('are named by their unit, in our namespace or that of the runtime', () => {
    const names = emptyMetrics().names();
    expect(names.filter((name) => !/^(floodgate|process|nodejs)_/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('of two services count apart', async () => {
    const [busy, idle] = [populatedMetrics(), emptyMetrics()];
    expect(await busy.text()).toContain('floodgate_uploads_consumed_total 3');
    expect(await idle.text()).toContain('floodgate_uploads_consumed_total 0');
  });
});
