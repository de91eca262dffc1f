import { describe, expect, it } from 'vitest';
import {
  flipBits,
  isExpected,
  type TrafficFile,
  TrafficPlan,
  type TrafficUpload,
} from '../../../src/demo/traffic-plan.ts';
import { decisionOf, matchOf } from '../../support/decisions.ts';

const files: TrafficFile[] = [
  { path: 'copy.jpg', role: 'copy', copyOf: 'traffic/a' },
  { path: 'other.jpg', role: 'unrelated' },
  { path: 'cut-off.jpg', role: 'broken' },
];
const bitsOf = (hash: string) => [...BigInt(`0x${hash}`).toString(2)].filter((bit) => bit === '1').length;

describe('the plan of the traffic', () => {
  it('is the same for the same seed', () => {
    const [one, other] = [new TrafficPlan(files, 5), new TrafficPlan(files, 5)];
    const plan = (traffic: TrafficPlan) => Array.from({ length: 50 }, () => traffic.next());
    expect(plan(one)).toEqual(plan(other));
  });

  it('has something of every kind, so that every panel moves', () => {
    const traffic = new TrafficPlan(files, 1);
    const uploads = Array.from({ length: 200 }, () => traffic.next());
    const roles = uploads.map((upload) => (upload.kind === 'file' ? upload.file.role : upload.role));
    expect(new Set(roles)).toEqual(new Set(['copy', 'unrelated', 'broken', 'near', 'flat', 'forbidden']));
  });

  it('comes close to its landmark, and not so close that it would be blocked', () => {
    const traffic = new TrafficPlan(files, 2);
    const hashes = new Set(traffic.landmark.map((frame) => frame.hash));
    const near = Array.from({ length: 100 }, () => traffic.next()).find(
      (upload): upload is TrafficUpload & { kind: 'event' } => upload.kind === 'event' && upload.role === 'near',
    );
    const [frame] = (near?.content as { frames: { hash: string }[] } | undefined)?.frames ?? [];
    const distances = [...hashes].map((hash) =>
      bitsOf((BigInt(`0x${hash}`) ^ BigInt(`0x${frame?.hash}`)).toString(16)),
    );
    expect(Math.min(...distances)).toBe(36);
  });
});

describe('flipBits', () => {
  it.each([0, 1, 31, 36, 256])('turns %i bits over', (count) => {
    expect(bitsOf(flipBits('0'.repeat(64), count))).toBe(count);
    expect(flipBits('f'.repeat(64), count)).toHaveLength(64);
  });
});

describe('what is expected of a decision', () => {
  const copy: TrafficUpload = { kind: 'file', file: files[0] as TrafficFile };
  const blockedAs = (contentId: string) => decisionOf('block', { matches: [matchOf({ contentId })] });

  it('is that a copy is blocked as what it is a copy of', () => {
    expect(isExpected(copy, blockedAs('traffic/a'))).toBe(true);
    expect(isExpected(copy, blockedAs('traffic/b'))).toBe(false);
    expect(isExpected(copy, decisionOf('allow'))).toBe(false);
  });

  it('is, in observe-only mode, what would have been done', () => {
    const matches = [matchOf({ contentId: 'traffic/a' })];
    expect(isExpected(copy, decisionOf('allow', { observedOutcome: 'block', matches }))).toBe(true);
  });

  it('is that nothing else is blocked', () => {
    const unrelated: TrafficUpload = { kind: 'file', file: files[1] as TrafficFile };
    expect(isExpected(unrelated, decisionOf('block'))).toBe(false);
    expect(isExpected(unrelated, decisionOf('allow'))).toBe(true);
    expect(isExpected({ kind: 'event', role: 'near', content: {} }, decisionOf('review'))).toBe(true);
    expect(isExpected({ kind: 'event', role: 'unrelated', content: {} }, decisionOf('block'))).toBe(false);
  });
});
