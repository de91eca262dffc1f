/** The committed dashboards and rules, as what they ask Prometheus, and what those questions name. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { packageFile } from '../../src/config/paths.ts';

export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface PanelJson {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: GridPosition;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly Record<string, unknown>[] };
  readonly annotations: { readonly list: readonly { readonly expr?: string; readonly name: string }[] };
}

export interface RuleJson {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: Readonly<Record<'summary' | 'description' | 'runbook_url' | 'dashboard_url', string>>;
}

export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly RuleJson[] }[];
}

const dashboardFolder = 'grafana/dashboards';

export function readDashboards(): DashboardJson[] {
  const names = readdirSync(packageFile(dashboardFolder));
  return names.map((name) => JSON.parse(readFileSync(packageFile(`${dashboardFolder}/${name}`), 'utf8')));
}

export function readRules(file: 'alerts' | 'recording'): RuleJson[] {
  const text = readFileSync(packageFile(`prometheus/rules/${file}.yml`), 'utf8');
  return (parse(text) as RuleFile).groups.flatMap(({ rules }) => rules);
}

/** Panels that ask something; rows do not. */
export function panelsOf(dashboard: DashboardJson): PanelJson[] {
  return dashboard.panels.filter(({ type }) => type !== 'row');
}

export interface Expression {
  /** Where it stands, for example "Floodgate / Crisis: Is it up? A". */
  readonly place: string;
  readonly expr: string;
}

export function dashboardExpressions(dashboard: DashboardJson): Expression[] {
  const ofPanels = panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, refId }) => ({ place: `${dashboard.title}: ${title} ${refId}`, expr })),
  );
  const ofAnnotations = dashboard.annotations.list.flatMap(({ name, expr }) =>
    expr === undefined ? [] : [{ place: `${dashboard.title}: ${name}`, expr }],
  );
  return [...ofPanels, ...ofAnnotations];
}

/** The expression as Grafana would send it with everything chosen. */
export function withoutVariables(expr: string, rateInterval: string): string {
  return expr.replaceAll('$__rate_interval', rateInterval).replaceAll('$job', '.+').replaceAll('$instance', '.+');
}

/** A metric that an expression selects, with the labels that it is matched by. */
export interface Selected {
  readonly metric: string;
  readonly labels: readonly string[];
}

const metricPattern = /(?<![\w:])((?:job:)?(?:floodgate|nodejs|process)_[\w:]+|up)\b(?:\{([^}]*)\})?/g;

export function selectedMetrics(expr: string): Selected[] {
  // Label matchers hold names of metrics as little as they hold braces, so a pattern is enough.
  return [...expr.matchAll(metricPattern)].map(([, metric = '', matchers = '']) => ({
    metric,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map((found) => found[1] ?? ''),
  }));
}
