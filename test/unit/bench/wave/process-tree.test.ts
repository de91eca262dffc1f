// Goal: the processor time of children counts, of those too that were replaced on the way.
import { expect, it } from 'vitest';
import { parseStat, readTree, withDescendants } from '../../../bench/wave/process-tree.ts';
import { rungIn } from '../../../bench/wave/watch.ts';

const line =
  '42 (node (main) x) S 7 42 42 0 -1 4194560 900 0 0 0 150 50 30 20 20 0 11 0 5000 1000000 256 18446744073709551615';

it('reads a line of /proc, whatever the name of the command is', () => {
  expect(parseStat(line)).toEqual({ id: 42, parentId: 7, cpuSeconds: 2.5, residentBytes: 256 * 4096 });
});

it('takes in the children of children, and nobody else', () => {
  const of = (id: number, parentId: number) => ({ id, parentId, cpuSeconds: 0, residentBytes: 0 });
  const tree = withDescendants([of(4, 3), of(1, 0), of(3, 2), of(2, 1), of(9, 8)], 2);
  expect(tree.map(({ id }) => id)).toEqual([2, 3, 4]);
});

it.runIf(process.platform === 'linux')('reads this process', () => {
  const { cpuSeconds, residentBytes, processes } = readTree(process.pid);
  expect(cpuSeconds).toBeGreaterThan(0);
  expect(residentBytes).toBeGreaterThan(10e6);
  expect(processes).toBeGreaterThanOrEqual(1);
});

it('reads the rung of the ladder where the service tells it', () => {
  expect(rungIn('# HELP x\nfloodgate_effort_rung 3\n')).toBe(3);
  expect(rungIn('floodgate_effort_rung{a="b"} 0\n')).toBe(0);
  expect(rungIn('floodgate_other 3\n')).toBeNull();
});
