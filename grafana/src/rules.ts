/** Recording rules, and the shape of a rule file. Alerts are in alerts.ts and log-alerts.ts. */
import { stringify } from 'yaml';
import { type DashboardName, dashboardUrl, runbookUrl } from './links.ts';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  /** critical: a person is called. warning: a person looks within the day. */
  readonly severity: 'critical' | 'warning';
  /** Without values, so that notifications group. */
  readonly summary: string;
  /** With values. */
  readonly description: string;
  readonly dashboard: DashboardName;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | Alert)[];
}

const header =
  ' Written by `npm run dashboards` from grafana/src; change it there. What to do at each alert: docs/operations/alerts.md.\n';

export function ruleFile(groups: readonly RuleGroup[]): string {
  const document = { groups: groups.map(({ name, rules }) => ({ name, rules: rules.map(plainRule) })) };
  return `#${header}${stringify(document, { lineWidth: 118 })}`;
}

function plainRule(rule: RecordingRule | Alert): Record<string, unknown> {
  if ('record' in rule) return { record: rule.record, expr: rule.expr };
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.for === undefined ? {} : { for: rule.for }),
    labels: { severity: rule.severity },
    annotations: {
      summary: rule.summary,
      description: rule.description,
      runbook_url: runbookUrl(rule.alert),
      dashboard_url: dashboardUrl(rule.dashboard),
    },
  };
}

/** Every window that a burn rate is read over. */
export const burnWindows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
export type BurnWindow = (typeof burnWindows)[number];

/** What is not decided within 2.5 seconds of its event misses the freshness goal: 99.9 % are. */
export const freshnessGoal = { budget: 0.001, boundSeconds: 2.5 };
/** Uploads that the machine or the network kept from being judged, as opposed to their content: 99.95 % are judged. */
export const availabilityGoal = { budget: 0.0005, reasons: 'timed_out|unreachable' };

function slowShare(window: BurnWindow): string {
  const fast = `sum by (job) (rate(floodgate_decision_latency_seconds_bucket{le="${freshnessGoal.boundSeconds}"}[${window}]))`;
  const all = `sum by (job) (rate(floodgate_decision_latency_seconds_count[${window}]))`;
  return `1 - ${fast} / ${all}`;
}

function unjudgedShare(window: BurnWindow): string {
  const all = `sum by (job) (rate(floodgate_decisions_total[${window}]))`;
  const lost = `sum by (job) (rate(floodgate_decisions_total{reason=~"${availabilityGoal.reasons}"}[${window}]))`;
  // Where nothing was lost there is no series, and a share of nothing is what there is to record.
  return `(${lost} or 0 * ${all}) / ${all}`;
}

function blockedShare(window: string): string {
  const all = `sum by (job) (rate(floodgate_decisions_total[${window}]))`;
  const blocked = `sum by (job) (rate(floodgate_decisions_total{outcome=~"block|observed_block"}[${window}]))`;
  return `(${blocked} or 0 * ${all}) / ${all}`;
}

export const recordingRules: RuleGroup[] = [
  {
    name: 'floodgate.rates',
    rules: [
      ...(['5m', '1h'] as const).map((window) => ({
        record: `job:floodgate_decisions:rate${window}`,
        expr: `sum by (job) (rate(floodgate_decisions_total[${window}]))`,
      })),
      ...(['30m', '1h', '1d'] as const).map((window) => ({
        record: `job:floodgate_decisions_blocked:ratio_rate${window}`,
        expr: blockedShare(window),
      })),
    ],
  },
  {
    name: 'floodgate.goals',
    rules: burnWindows.flatMap((window) => [
      { record: `job:floodgate_decisions_slow:ratio_rate${window}`, expr: slowShare(window) },
      { record: `job:floodgate_decisions_unjudged:ratio_rate${window}`, expr: unjudgedShare(window) },
    ]),
  },
];
