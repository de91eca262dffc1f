import { describe, expect, it } from 'vitest';
import { type Check, Health } from '../../../src/flow/health.ts';
import type { Component } from '../../../src/telemetry.ts';

function healthOf(changes: Partial<Record<Component, Check>> = {}) {
  const reports: [string, boolean, string | null][] = [];
  const fine = () => null;
  const health = new Health(
    { log: fine, bank: fine, children: fine, pipeline: fine, ...changes },
    { componentReadiness: (component, ready, why) => reports.push([component, ready, why]) },
  );
  return { health, reports };
}

describe('Health', () => {
  it('is ready when every component is', () => {
    const { health } = healthOf();
    expect(health.readiness().ready).toBe(true);
    expect(Object.keys(health.readiness().components).sort()).toEqual(['bank', 'children', 'log', 'pipeline']);
  });

  it('names the component that is not, and why', () => {
    const { health } = healthOf({ log: () => 'the disk is full' });
    expect(health.readiness()).toMatchObject({
      ready: false,
      components: { log: { ready: false, why: 'the disk is full' }, bank: { ready: true, why: null } },
    });
  });

  it('reports a change once, and asks anew each time', () => {
    let why: string | null = null;
    const { health, reports } = healthOf({ bank: () => why });
    health.readiness();
    health.readiness();
    expect(reports).toHaveLength(4);
    why = 'replaying';
    health.readiness();
    health.readiness();
    why = null;
    health.readiness();
    expect(reports.slice(4)).toEqual([
      ['bank', false, 'replaying'],
      ['bank', true, null],
    ]);
  });

  it('is live until told otherwise, ready or not', () => {
    const { health } = healthOf({ log: () => 'the disk is full' });
    expect(health.unlive()).toBeNull();
    health.fail('the pipeline failed');
    expect(health.unlive()).toBe('the pipeline failed');
  });
});
