import { describe, expect, it } from 'vitest';
import { decisionIdOf } from '../../../src/flow/decision-id.ts';

describe('decisionIdOf', () => {
  it('is a UUID of version 5 that never changes', () => {
    expect(decisionIdOf('u1', 1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(decisionIdOf('u1', 1)).toBe(decisionIdOf('u1', 1));
  });

  it('differs by upload and by revision, and does not run them together', () => {
    const ids = new Set([decisionIdOf('u1', 1), decisionIdOf('u1', 2), decisionIdOf('u11', 1), decisionIdOf('u', 11)]);
    expect(ids.size).toBe(4);
  });
});
