/**
 * Rows of figures, measured in turns.
 *
 * A machine drifts: clocks, caches, neighbours. So every row has its turn in every round, the order shifts from round to
 * round, and a row is the median of its rounds with the quartiles as its spread. A ratio is one of two such medians.
 */
import { median, quantile } from '../conditions.ts';

export interface Lane {
  readonly id: string;
  readonly label: string;
  /** What is worth knowing about the row beside its figure. */
  readonly note?: string;
  readonly ours: boolean;
  /** One turn: microseconds per unit of work. Throws when the peer is gone; the row is then dropped. */
  turn(round: number): Promise<number>;
  /** Read when all rounds are over. */
  recall?(): number;
  /** Hits that are not there or have another distance. */
  wrongHits?(): number;
}

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  readonly ours: boolean;
  readonly medianMicros: number;
  readonly lowMicros: number;
  readonly highMicros: number;
  readonly rounds: number;
  readonly recall: number | null;
  readonly wrongHits: number;
}

/** Rows in the order of the lanes; a lane that failed is said in `missing` and left out. */
export async function takeTurns(lanes: readonly Lane[], rounds: number, missing: string[]): Promise<Row[]> {
  const values = new Map<Lane, number[]>(lanes.map((lane) => [lane, []]));
  for (let round = 0; round < rounds; round++) {
    const shift = lanes.length === 0 ? 0 : round % lanes.length;
    for (const lane of [...lanes.slice(shift), ...lanes.slice(0, shift)]) {
      const taken = values.get(lane);
      if (taken === undefined) continue;
      try {
        taken.push(await lane.turn(round));
      } catch (error) {
        if (lane.ours) throw error;
        values.delete(lane);
        missing.push(`${lane.label}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  return lanes.flatMap((lane) => {
    const taken = values.get(lane);
    return taken === undefined ? [] : [rowOf(lane, taken)];
  });
}

function rowOf(lane: Lane, values: readonly number[]): Row {
  return {
    id: lane.id,
    label: lane.label,
    note: lane.note ?? '',
    ours: lane.ours,
    medianMicros: median(values),
    lowMicros: quantile(values, 0.25),
    highMicros: quantile(values, 0.75),
    rounds: values.length,
    recall: lane.recall?.() ?? null,
    wrongHits: lane.wrongHits?.() ?? 0,
  };
}

/** How many times longer `theirs` takes than `ours`; null when a row is missing. */
export function ratioOf(rows: readonly Row[], theirs: string, ours: string): number | null {
  const [dividend, divisor] = [theirs, ours].map((id) => rows.find((row) => row.id === id)?.medianMicros);
  return dividend === undefined || divisor === undefined || divisor === 0 ? null : dividend / divisor;
}
