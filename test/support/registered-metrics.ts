/** Names under which Prometheus stores what the service registers, each with the labels that it may be matched by. */
import { emptyMetrics } from './populated-metrics.ts';

/** Set by Prometheus when it scrapes. */
const scrapeLabels = ['job', 'instance'];

export async function storedSeries(): Promise<Map<string, ReadonlySet<string>>> {
  const { registry } = emptyMetrics();
  const metrics = (await registry.getMetricsAsJSON()) as unknown as { name: string; type: string }[];
  const series = new Map<string, ReadonlySet<string>>([['up', new Set(scrapeLabels)]]);
  for (const { name, type } of metrics) {
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
    const labels = [...scrapeLabels, ...labelNames];
    if (type !== 'histogram') series.set(name, new Set(labels));
    else {
      series.set(`${name}_bucket`, new Set([...labels, 'le']));
      for (const suffix of ['_sum', '_count'])
        series.set(name + suffix, new Set(labels.filter((each) => each !== 'le')));
    }
  }
  return series;
}
