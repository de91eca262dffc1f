/** Every file that is written from this folder, with its path in the repository and its text. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { serviceAlerts } from './alerts.ts';
import { bankAndSearch } from './bank-and-search.ts';
import { crisis } from './crisis.ts';
import { buildDashboard } from './dashboards.ts';
import { dashboardUids } from './links.ts';
import { logAlerts } from './log-alerts.ts';
import { pipeline } from './pipeline.ts';
import { recordingRules, ruleFile } from './rules.ts';

export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

export function generatedFiles(): GeneratedFile[] {
  const dashboards = [crisis, pipeline, bankAndSearch].map((plan) => ({
    path: `grafana/dashboards/${dashboardUids[plan.name]}.json`,
    text: jsonText(buildDashboard(plan)),
  }));
  return [
    ...dashboards,
    { path: 'prometheus/rules/recording.yml', text: ruleFile(recordingRules) },
    { path: 'prometheus/rules/alerts.yml', text: ruleFile([...serviceAlerts, ...logAlerts]) },
  ];
}

function jsonText(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
