/** `npm run chaos -- --mode exactly-once|at-least-once [--uploads N] [--kills N] [--json]`: breaks everything, then checks. */
import { parseArgs } from 'node:util';
import { runChaos } from './run-chaos.ts';

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'exactly-once' },
    uploads: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '12' },
    processors: { type: 'string', default: '3' },
    partitions: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
if (values.mode !== 'exactly-once' && values.mode !== 'at-least-once') {
  process.stderr.write(
    'usage: npm run chaos -- --mode exactly-once|at-least-once [--uploads N] [--kills N] [--json]\n',
  );
  process.exit(2);
}
const mode = values.mode;
const startedMs = Date.now();
const result = await runChaos({
  mode,
  uploads: Number(values.uploads),
  kills: Number(values.kills),
  processors: Number(values.processors),
  partitions: Number(values.partitions),
  seed: Number(values.seed),
  say: (text) => process.stderr.write(`${((Date.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}\n`),
});
process.stdout.write(
  `${values.json ? JSON.stringify({ mode, ...result }) : JSON.stringify({ mode, ...result }, null, 2)}\n`,
);
const { uncommitted, lost, conflictingDecisions, outOfOrder, duplicates, duplicatesUnderOtherIds } = result;
const allowed = mode === 'exactly-once' ? duplicates : duplicatesUnderOtherIds;
process.exitCode = uncommitted === 0 && lost + conflictingDecisions + outOfOrder + allowed === 0 ? 0 : 1;
