/**
 * Where alerts and dashboards lead. Set both for your own place and write the files anew:
 * `DOCS_URL=https://... GRAFANA_URL=https://... npm run dashboards`.
 */
export const docsUrl = process.env.DOCS_URL ?? 'https://floodgate.example/docs/operations';
const grafanaUrl = process.env.GRAFANA_URL ?? 'http://localhost:3000';

export const dashboardUids = {
  crisis: 'floodgate-crisis',
  pipeline: 'floodgate-pipeline',
  bank: 'floodgate-bank-and-search',
} as const;
export type DashboardName = keyof typeof dashboardUids;

export function dashboardUrl(name: DashboardName): string {
  return `${grafanaUrl}/d/${dashboardUids[name]}`;
}

/** The section of an alert: forges make the anchor of a heading in this way. */
export function runbookUrl(alert: string): string {
  return `${docsUrl}/alerts.md#${alert.toLowerCase()}`;
}
