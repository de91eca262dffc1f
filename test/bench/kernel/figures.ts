/** All that one run measured, and the keys that readers of its last line rely on. */
import type { Conditions } from '../conditions.ts';
import type { PdqFigures } from './measure-pdq.ts';
import type { ScanFigures, SearchFigures } from './measure-search.ts';
import type { ShapeFigures } from './measure-shapes.ts';
import type { SkewFigures } from './measure-skew.ts';
import type { DuplicateFigures, SnapshotFigures, UpdateFigures } from './measure-updates.ts';

export interface KernelConditions extends Conditions {
  readonly kernelVersion: string;
  /** Versions of the peers and of what built them, as far as they are there. */
  readonly peers: Readonly<Record<string, string>>;
  readonly frames: string;
  readonly rounds: number;
}

export interface Figures {
  readonly pdq: PdqFigures;
  readonly frames: { readonly rgb: number; readonly gray: number };
  readonly shapes: readonly ShapeFigures[];
  readonly skew: SkewFigures;
  /** One query over all codes against the plain loop. */
  readonly scan: ScanFigures;
  /** 16 queries a call over the larger set. */
  readonly batch: ScanFigures;
  readonly search: readonly SearchFigures[];
  readonly queries: Readonly<Record<string, number>>;
  readonly updates: UpdateFigures;
  readonly duplicates: DuplicateFigures;
  readonly snapshot: SnapshotFigures | null;
  readonly missing: readonly string[];
  readonly conditions: KernelConditions;
  readonly seconds: number;
}

/** The last line: what the issue tracks by name first, then the detail behind each. Unmeasured keys are null. */
export function summarise(figures: Figures): Record<string, unknown> {
  const { pdq, scan, batch, search, updates, duplicates, snapshot, conditions } = figures;
  const largest = search.at(-1);
  const summary = {
    pdqRgbVsReference: pdq.rgbVsReference,
    pdqGrayVsReference: pdq.grayVsReference,
    pdqMismatches:
      pdq.mismatches.twin +
      (pdq.mismatches.reference ?? 0) +
      figures.shapes.reduce((sum, { mismatches }) => sum + mismatches, 0),
    dihedralCost: Math.max(pdq.dihedralCost.rgb, pdq.dihedralCost.gray),
    scanVsPlainC: scan.vsPlainC,
    batchCodesPerSecond: Math.round(batch.batchCodesPerSecond),
    search: search.map(({ rows: _, ...rest }) => rest),
    buildNsPerHash: largest === undefined ? null : (largest.mergeSeconds * 1e9) / largest.n,
    addVisibleMicros: updates.addVisible.p99Micros,
    duplicatesP99Ratio: duplicates.identicalP99Ratio,
    snapshotRestoreSeconds: snapshot?.restoreSeconds ?? null,
    pdq: { dihedralCost: pdq.dihedralCost, rerunShare: pdq.rerunShare, mismatches: pdq.mismatches },
    pdqShapes: figures.shapes,
    skew: figures.skew,
    updates,
    duplicates,
    snapshot,
    missing: figures.missing,
    conditions,
    samples: { frames: figures.frames, rounds: conditions.rounds, queries: figures.queries },
    rows: {
      pdqRgb: pdq.rgb,
      pdqGray: pdq.gray,
      [`scan${scan.n}`]: scan.rows,
      [`scan${batch.n}`]: batch.rows,
      ...Object.fromEntries(search.map(({ n, rows }) => [`search${n}`, rows])),
    },
    seconds: figures.seconds,
  };
  return roundDeep(summary) as Record<string, unknown>;
}

/** Four significant digits: more would pretend. Whole numbers stay as they are. */
function roundDeep(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(4));
  if (Array.isArray(value)) return value.map(roundDeep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, roundDeep(each)]));
}
