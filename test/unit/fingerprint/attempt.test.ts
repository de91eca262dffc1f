/** Goal: a child that says more than it was asked for is gone, and nothing of what it said then reaches the caller. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { Attempt } from '../../../src/fingerprint/attempt.ts';
import type { RegionBatch, SamplingMode } from '../../../src/fingerprint/fingerprinter.ts';

function begin(mode: SamplingMode | (() => SamplingMode), answer: 'more' | 'enough' = 'more') {
  const heard: RegionBatch[] = [];
  const said: string[] = [];
  const child = { pid: 0, send: ({ kind }: { kind: string }) => said.push(kind), kill: () => said.push('killed') };
  const job = {
    path: '/spool/x',
    mode,
    timeoutMs: 60_000,
    onFrame: () => 'more' as const,
    onRegions(batch: RegionBatch) {
      heard.push(batch);
      return answer;
    },
    onRestart: () => {},
  };
  const attempt = new Attempt(child, 1, job, Number.POSITIVE_INFINITY);
  return {
    attempt,
    heard,
    said,
    sayRegions: () => attempt.hear({ kind: 'regions', id: 1, timeMs: 0, aspect: 1, regions: [] }),
  };
}

describe('what is to be done', () => {
  it('is asked for once, when the child begins, and is what the child may say', () => {
    let asked = 0;
    const { attempt, heard, said, sayRegions } = begin(() => {
      asked += 1;
      return { kind: 'sparse', regions: asked === 1 };
    });
    attempt.begin();
    sayRegions();
    expect({ asked, said, heard: heard.length }).toEqual({ asked: 1, said: ['job'], heard: 1 });
    attempt.giveUp(new Error('over'));
  });
});

describe('regions from a child', () => {
  it('reach the caller as a batch', () => {
    const { attempt, heard, said, sayRegions } = begin({ kind: 'sparse', regions: true });
    sayRegions();
    expect(heard).toEqual([{ timeMs: 0, aspect: 1, regions: [] }]);
    expect(said).toEqual([]);
    attempt.giveUp(new Error('over'));
  });

  it('that nobody asked for end it', async () => {
    const { attempt, heard, said, sayRegions } = begin({ kind: 'sparse' });
    sayRegions();
    expect({ heard, said }).toEqual({ heard: [], said: ['killed'] });
    attempt.childEnded('killed');
    expect(await attempt.ended).toMatchObject({ kind: 'lost', why: 'crash' });
  });

  it.each([
    ['sparse', { kind: 'sparse', regions: true }, 2],
    ['dense', { kind: 'dense', framesPerSecond: 4, regions: true }, limits.denseLooksMax],
  ] as const)('that go on and on end it: %s', async (_kind, mode, looks) => {
    const { attempt, heard, said, sayRegions } = begin(mode);
    const most = looks * 2 * limits.regionFramesMax;
    for (let batch = 0; batch < most + 5; batch++) sayRegions();
    expect(heard).toHaveLength(most);
    expect(said).toContain('killed');
    attempt.childEnded('killed');
    expect(await attempt.ended).toMatchObject({ kind: 'lost', why: 'crash' });
  });

  it('are dropped after "enough", of which the child is told once', () => {
    const { attempt, heard, said, sayRegions } = begin({ kind: 'sparse', regions: true }, 'enough');
    sayRegions();
    sayRegions();
    expect(heard).toHaveLength(1);
    expect(said).toEqual(['stop']);
    attempt.giveUp(new Error('over'));
  });
});

describe('a child that waits', () => {
  it('is let go once for what it has said', () => {
    const { attempt, said, sayRegions } = begin({ kind: 'sparse', regions: true });
    sayRegions();
    attempt.hear({ kind: 'wait', id: 1 });
    expect(said).toEqual(['go']);
    attempt.giveUp(new Error('over'));
  });

  it('has its answer when it was told to stop', () => {
    const { attempt, said, sayRegions } = begin({ kind: 'sparse', regions: true }, 'enough');
    sayRegions();
    attempt.hear({ kind: 'wait', id: 1 });
    expect(said).toEqual(['stop']);
    attempt.giveUp(new Error('over'));
  });

  it.each([0, 1])('again without having said more is gone, after %d times', async (times) => {
    const { attempt, said, sayRegions } = begin({ kind: 'sparse', regions: true });
    if (times > 0) {
      sayRegions();
      attempt.hear({ kind: 'wait', id: 1 });
    }
    attempt.hear({ kind: 'wait', id: 1 });
    expect(said).toEqual(times > 0 ? ['go', 'killed'] : ['killed']);
    attempt.childEnded('killed');
    expect(await attempt.ended).toMatchObject({ kind: 'lost', why: 'crash' });
  });
});
