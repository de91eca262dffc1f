/**
 * Goal: a dashboard that is opened at three in the morning shows data. The rules are those of Grafana's dashboard-linter,
 * each under its name there; that the panels have data is proven in panels-have-data.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { generatedFiles } from '../../grafana/src/generated-files.ts';
import { packageFile } from '../../src/config/paths.ts';
import {
  dashboardExpressions,
  type GridPosition,
  panelsOf,
  readDashboards,
  readRules,
  selectedMetrics,
  withoutVariables,
} from '../support/dashboards.ts';
import { outsideTool } from '../support/outside-tool.ts';
import { storedSeries } from '../support/registered-metrics.ts';

const dashboards = readDashboards();
const expressions = dashboards.flatMap(dashboardExpressions);
const rules = [...readRules('recording'), ...readRules('alerts')];
const ruleExpressions = rules.map(({ alert, record, expr }) => ({ place: alert ?? record ?? '', expr }));

const suite = 'promtool check rules';
const promtool = spawnSync('promtool', ['--version']);
const { isExpected, note } = outsideTool(suite, 'promtool', promtool.error === undefined, 'apt-get install prometheus');

describe('the files', () => {
  it.each(generatedFiles())('$path is what `npm run dashboards` writes', ({ path, text }) => {
    expect(readFileSync(packageFile(path), 'utf8')).toBe(text);
  });

  it('are three dashboards in the classic form, each under an address of its own', () => {
    expect(dashboards.map(({ uid }) => uid).sort()).toEqual([
      'floodgate-bank-and-search',
      'floodgate-crisis',
      'floodgate-pipeline',
    ]);
    expect(dashboards.every(({ schemaVersion }) => schemaVersion >= 36)).toBe(true);
  });
});

describe.each(dashboards.map((dashboard) => ({ title: dashboard.title, dashboard })))('$title', ({ dashboard }) => {
  const panels = panelsOf(dashboard);
  const variable = (name: string) => dashboard.templating.list.find((each) => each.name === name);

  it('lets one choose the data source (template-datasource)', () => {
    expect(variable('datasource')).toMatchObject({ type: 'datasource', query: 'prometheus', label: 'Data source' });
  });

  it.each(['job', 'instance'])('lets one choose the %s (template-job, template-instance)', (name) => {
    const expected = { type: 'query', multi: true, allValue: '.+', datasource: { uid: '$datasource' } };
    expect(variable(name)).toMatchObject(expected);
    expect(String(variable(name)?.label).toLowerCase()).toBe(name);
    expect(variable(name)?.definition).toMatch(/^label_values\(floodgate_build_info/);
  });

  it('says of every panel what it shows, in which unit, from which source (panel-*)', () => {
    const poor = panels.filter(
      ({ title, description = '', datasource, fieldConfig }) =>
        title === '' || description.length < 20 || datasource?.uid !== '$datasource' || !fieldConfig?.defaults.unit,
    );
    expect(poor.map(({ title }) => title)).toEqual([]);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(panels.filter(({ targets = [] }) => targets.length === 0)).toEqual([]);
  });

  it('narrows every selector to the job and the instances chosen (target-job, target-instance)', () => {
    const asked = dashboardExpressions(dashboard);
    const wide = asked.filter(({ expr }) => {
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      const narrow = selectors.filter((each) => each.includes('job=~"$job"') && each.includes('instance=~"$instance"'));
      return narrow.length !== selectedMetrics(expr).length;
    });
    expect(wide).toEqual([]);
  });

  it('takes rates over a window that fits the zoom (target-rate-interval)', () => {
    // Quarters of an hour are asked for where the title says so.
    const windows = dashboardExpressions(dashboard).flatMap(({ expr }) => expr.match(/\[[^\]]+\]/g) ?? []);
    expect([...new Set(windows)].filter((window) => !['[$__rate_interval]', '[15m]'].includes(window))).toEqual([]);
  });

  it('puts no panel over another, and none beyond the edge', () => {
    const covers = (a: GridPosition, b: GridPosition) =>
      a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
    const placed = dashboard.panels.map(({ title, gridPos }) => ({ title, at: gridPos }));
    expect(placed.filter(({ at }) => at.x < 0 || at.w < 1 || at.h < 1 || at.x + at.w > 24)).toEqual([]);
    const overlaps = placed.flatMap((one, index) =>
      placed.slice(index + 1).flatMap((other) => (covers(one.at, other.at) ? [`${one.title} / ${other.title}`] : [])),
    );
    expect(overlaps).toEqual([]);
  });

  it('marks deployments and restarts', () => {
    expect(dashboard.annotations.list.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Deployments', 'Restarts']),
    );
  });
});

it('the crisis is told from the top: up, keeping up, fast, blocking', () => {
  const crisis = dashboards.find(({ uid }) => uid === 'floodgate-crisis');
  const first = panelsOf(crisis ?? ({ panels: [] } as never)).slice(0, 4);
  expect(first.map(({ title }) => title)).toEqual(['Is it up?', 'Is it keeping up?', 'Is it fast?', 'Is it blocking?']);
  expect(new Set(first.map(({ gridPos }) => gridPos.y)).size).toBe(1);
});

describe('every metric that is named', () => {
  it('is one that is registered, matched by labels that it has', async () => {
    const series = await storedSeries();
    const recorded = new Set(readRules('recording').map(({ record }) => record));
    const faults = [...expressions, ...ruleExpressions].flatMap(({ place, expr }) =>
      selectedMetrics(expr).flatMap(({ metric, labels }) => {
        if (recorded.has(metric)) return [];
        const known = series.get(metric);
        if (known === undefined) return [`${place}: there is no ${metric}`];
        return labels.filter((label) => !known.has(label)).map((label) => `${place}: ${metric} has no ${label}`);
      }),
    );
    expect(faults).toEqual([]);
    expect(expressions.every(({ expr }) => selectedMetrics(expr).length > 0)).toBe(true);
  });

  it('would be missed if it were misspelt', () => {
    expect(selectedMetrics('rate(floodgate_upload_total{job="a", reason!~"b"}[5m]) > up')).toEqual([
      { metric: 'floodgate_upload_total', labels: ['job', 'reason'] },
      { metric: 'up', labels: [] },
    ]);
  });

  it('is of some use: what Floodgate counts itself is on a dashboard or in an alert', async () => {
    const used = new Set(
      [...expressions, ...ruleExpressions].flatMap(({ expr }) => selectedMetrics(expr).map((each) => each.metric)),
    );
    const families = [...(await storedSeries()).keys()].filter((name) => name.startsWith('floodgate_'));
    const family = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
    const usedFamilies = new Set([...used].map(family));
    expect([...new Set(families.map(family))].filter((name) => !usedFamilies.has(name))).toEqual([
      'floodgate_child_pool_processes',
    ]);
  });
});

describe.runIf(isExpected)(suite + note, () => {
  function check(exprs: readonly string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'floodgate-test-'));
    const rulesOf = exprs.map((expr, index) => ({ record: `panel:${index}`, expr: withoutVariables(expr, '5m') }));
    writeFileSync(join(folder, 'panels.yml'), stringify({ groups: [{ name: 'panels', rules: rulesOf }] }));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', join(folder, 'panels.yml')], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    return { status, said: `${stdout}${stderr}` };
  }

  it('finds every expression of the dashboards well typed', () => {
    const { status, said } = check(expressions.map(({ expr }) => expr));
    expect(said).toContain(`SUCCESS: ${expressions.length} rules found`);
    expect(status).toBe(0);
  });

  it('sees a rate of what is no range', () => {
    expect(check(['rate(floodgate_uploads_consumed_total)']).status).not.toBe(0);
  });
});
