/** PromQL in the words of the dashboards. Every selector is narrowed to the job and the instances that are chosen. */

/** For example `selector('floodgate_ready', 'component="log"')`. */
export function selector(metric: string, matchers = ''): string {
  return `${metric}{job=~"$job", instance=~"$instance"${matchers === '' ? '' : `, ${matchers}`}}`;
}

/** Increase a second, over a window that fits the zoom and the scrape interval. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${selector(metric, matchers)}[$__rate_interval])`;
}

export function sumRate(metric: string, by = '', matchers = ''): string {
  return `sum${byClause(by)}(${rate(metric, matchers)})`;
}

/** The value below which the share `q` of the observations of a histogram lies. */
export function quantile(q: number, histogram: string, by = '', matchers = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${q}, sum by (${labels}) (${rate(`${histogram}_bucket`, matchers)}))`;
}

/** Observations of each bucket in each step, for a heat map. */
export function bucketIncreases(histogram: string, matchers = ''): string {
  return `sum by (le) (increase(${selector(`${histogram}_bucket`, matchers)}[$__rate_interval]))`;
}

function byClause(by: string): string {
  return by === '' ? ' ' : ` by (${by}) `;
}
