import { describe, expect, it } from 'vitest';
import { RecentDecisions } from '../../../src/flow/recent-decisions.ts';

describe('RecentDecisions', () => {
  it('knows what was settled before the view does', () => {
    const recent = new RecentDecisions({ ledger: () => ({ lastRevision: 0, eventDecided: false }) });
    recent.remember('u', 'e1', 1);
    expect(recent.ledger('u', 'e1')).toEqual({ lastRevision: 1, eventDecided: true });
    expect(recent.ledger('u', 'e2')).toEqual({ lastRevision: 1, eventDecided: false });
    expect(recent.ledger('other', 'e1')).toEqual({ lastRevision: 0, eventDecided: false });
  });

  it('takes the higher revision of view and memory', () => {
    const recent = new RecentDecisions({ ledger: () => ({ lastRevision: 5, eventDecided: true }) });
    recent.remember('u', 'e1', 3);
    expect(recent.ledger('u', 'e9')).toEqual({ lastRevision: 5, eventDecided: true });
  });
});
