/** What every dashboard has: the choice of job and instance, marks for deployments and restarts, links to the others. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { type DashboardName, dashboardUids, docsUrl } from './links.ts';
import { buildPanel, datasource, type Panel } from './panels.ts';
import { selector } from './queries.ts';

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface DashboardPlan {
  readonly name: DashboardName;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

const tag = 'floodgate';

export function buildDashboard(plan: DashboardPlan): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(plan.title)
    .uid(dashboardUids[plan.name])
    .description(plan.description)
    .tags([tag])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .withVariable(sourceVariable())
    .withVariable(queryVariable('job', 'Job', 'label_values(floodgate_build_info, job)'))
    .withVariable(queryVariable('instance', 'Instance', 'label_values(floodgate_build_info{job=~"$job"}, instance)'))
    .annotation(deployments())
    .annotation(restarts())
    .link(otherDashboards())
    .link(runbook());
  for (const row of plan.rows) {
    builder.withRow(new dashboard.RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(buildPanel(panel));
  }
  return builder.build();
}

function sourceVariable() {
  return new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
}

function queryVariable(name: string, label: string, query: string) {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: name })
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: 'All', value: '$__all' });
}

/** A version that was not there five minutes ago. */
function deployments() {
  const versions = `count by (version, revision) (${selector('floodgate_build_info')})`;
  const before = `count by (version, revision) (${selector('floodgate_build_info')} offset 5m)`;
  return new dashboard.AnnotationQueryBuilder()
    .name('Deployments')
    .datasource(datasource)
    .enable(true)
    .iconColor('blue')
    .expr(`${versions} unless ${before}`)
    .step('60s')
    .titleFormat('Floodgate {{version}}')
    .textFormat('revision {{revision}}');
}

function restarts() {
  return new dashboard.AnnotationQueryBuilder()
    .name('Restarts')
    .datasource(datasource)
    .enable(true)
    .iconColor('orange')
    .expr(`${selector('process_start_time_seconds')} * 1000`)
    .useValueForTime(true)
    .step('60s')
    .titleFormat('Start of {{instance}}');
}

function otherDashboards() {
  return new dashboard.DashboardLinkBuilder('Floodgate')
    .type(dashboard.DashboardLinkType.Dashboards)
    .tags([tag])
    .keepTime(true)
    .includeVars(true);
}

function runbook() {
  return new dashboard.DashboardLinkBuilder('Runbook')
    .type(dashboard.DashboardLinkType.Link)
    .icon('doc')
    .url(`${docsUrl}/runbook.md`)
    .targetBlank(true);
}
