import { afterEach, describe, expect, it, vi } from 'vitest';
import { outsideTool } from '../support/outside-tool.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('outsideTool', () => {
  it('names what is missing and what to install', () => {
    vi.stubEnv('CI', '');
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { isExpected, note } = outsideTool('the lint', 'promtool', false, 'apt-get install prometheus');
    expect(isExpected).toBe(false);
    expect(note).toBe(' (promtool is missing: apt-get install prometheus)');
    expect(said).toHaveBeenCalledWith('skipped: the lint (promtool is missing: apt-get install prometheus)\n');
  });

  it('lets nothing be skipped in CI', () => {
    vi.stubEnv('CI', 'true');
    expect(outsideTool('the lint', 'promtool', false, 'install it').isExpected).toBe(true);
  });

  it('is silent where the tool is there', () => {
    const said = vi.spyOn(process.stderr, 'write');
    expect(outsideTool('the lint', 'promtool', true, 'install it')).toEqual({ isExpected: true, note: '' });
    expect(said).not.toHaveBeenCalled();
  });
});
