/** Goal: each alert fires for what it is there for and for nothing near it, and whoever it wakes knows what to do. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboardUids } from '../../grafana/src/links.ts';
import { packageFile } from '../../src/config/paths.ts';
import { readRules } from '../support/dashboards.ts';
import { outsideTool } from '../support/outside-tool.ts';

const suite = 'promtool test rules';
const promtool = spawnSync('promtool', ['--version']);
const { isExpected, note } = outsideTool(suite, 'promtool', promtool.error === undefined, 'apt-get install prometheus');

const alerts = readRules('alerts');
const names = alerts.map(({ alert = '' }) => alert);
const runbook = readFileSync(packageFile('docs/operations/alerts.md'), 'utf8');

const testFolder = packageFile('prometheus/tests');
const testFiles = readdirSync(testFolder).filter((name) => name.endsWith('.test.yml'));

interface RuleTests {
  readonly tests: readonly {
    readonly name: string;
    readonly promql_expr_test: readonly { readonly expr: string; readonly exp_samples: readonly unknown[] }[];
  }[];
}

describe('the alerts', () => {
  it('are named, graded and explained in one style', () => {
    const faults = alerts.flatMap(({ alert = '', labels, annotations }) => {
      const found = [];
      if (!/^Floodgate([A-Z][a-z]+)+$/.test(alert)) found.push('name');
      if (!['critical', 'warning'].includes(labels?.severity ?? '')) found.push('severity');
      // Notifications are grouped by their summary.
      if (/\{\{/.test(annotations?.summary ?? '{{')) found.push('summary');
      if (!annotations?.description.endsWith('.')) found.push('description');
      return found.map((fault) => `${alert}: ${fault}`);
    });
    expect(faults).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('lead to a section of the runbook, and every section is led to', () => {
    const sections = [...runbook.matchAll(/^### (Floodgate\w+)$/gm)].map((found) => found[1]);
    expect(sections.sort()).toEqual([...names].sort());
    for (const { alert = '', annotations } of alerts) {
      expect(annotations?.runbook_url).toMatch(new RegExp(`/docs/operations/alerts\\.md#${alert.toLowerCase()}$`));
    }
  });

  it('have sections that say what it means, what to look at and what to do', () => {
    const texts = runbook.split(/^### /m).slice(1);
    const poor = texts.filter(
      (text) => !['**Means:**', '**Look at:**', '**Do:**'].every((part) => text.includes(part)),
    );
    expect(poor.map((text) => text.split('\n')[0])).toEqual([]);
  });

  it('lead to a dashboard that exists', () => {
    const known = new Set<string>(Object.values(dashboardUids));
    const wrong = alerts.filter(({ annotations }) => !known.has(annotations?.dashboard_url.split('/d/')[1] ?? ''));
    expect(wrong).toEqual([]);
  });

  it('are each shown to fire, and to keep quiet', () => {
    const tests = testFiles.flatMap(
      (name) => (parse(readFileSync(`${testFolder}/${name}`, 'utf8')) as RuleTests).tests,
    );
    const shown = tests.flatMap(({ promql_expr_test }) =>
      promql_expr_test.map(({ expr, exp_samples }) => `${/alertname="(\w+)"/.exec(expr)?.[1]} ${exp_samples.length}`),
    );
    const needed = names.flatMap((name) => [`${name} 0`, `${name} 1`]);
    expect(needed.filter((each) => !shown.includes(each))).toEqual([]);
    expect(shown.filter((each) => !needed.includes(each))).toEqual([]);
  });
});

describe.runIf(isExpected)(suite + note, () => {
  it.each(['recording.yml', 'alerts.yml'])('%s is well formed', (name) => {
    const { status, stdout } = spawnSync('promtool', ['check', 'rules', packageFile(`prometheus/rules/${name}`)], {
      encoding: 'utf8',
    });
    expect(stdout).toContain('SUCCESS');
    expect(status).toBe(0);
  });

  it.each(testFiles)('%s holds', { timeout: 240_000 }, (name) => {
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', `${testFolder}/${name}`], {
      encoding: 'utf8',
    });
    expect({ status, said: stdout + stderr }).toMatchObject({ status: 0, said: expect.stringContaining('SUCCESS') });
  });
});
