/** Maps of planes once more, slow and obvious, as the kernel's oracle: one pixel at a time, all its values in a row. */
import type { PlaneMapper } from '../../src/kernel/hasher.ts';

const side = 128;

export const planeTwin: PlaneMapper = {
  mapEdges(planes, beside, cap) {
    const [dx, dy] = beside === 'before' ? [1, 0] : [0, 1];
    /** Place x on line y. */
    const stepAt = (place: number, line: number) => {
      const [x, y] = beside === 'before' ? [line, place] : [place, line];
      if (line === 0) return 0;
      const steps = planes.map((plane) => Math.abs(levelAt(plane, x, y) - levelAt(plane, x - dx, y - dy)));
      return steps.sort((a, b) => a - b)[planes.length >> 1] ?? 0;
    };
    const steps = mapPixels(stepAt);
    const edgeAt = (place: number, line: number) => {
      if (line === 0) return 0;
      const near = [Math.max(1, line - 3), Math.min(side - 1, line + 3)];
      const beside = near.reduce((sum, other) => sum + (steps[other * side + place] ?? 0), 0);
      return Math.max(0, 4 * (steps[line * side + place] ?? 0) - 3 * beside);
    };
    const edges = mapPixels(edgeAt);
    const sums = Array.from({ length: side }, (_, line) =>
      edges.slice(line * side, (line + 1) * side).reduce((sum, edge) => sum + Math.min(cap, edge), 0),
    );
    return { steps: Uint8Array.from(steps), edges: Uint16Array.from(edges), sums: Uint32Array.from(sums) };
  },
  mapDetail(planes) {
    return Uint16Array.from(
      mapPixels((x, y) => {
        const details = planes.map((plane) => {
          const left = levelAt(plane, x - 1, y);
          const right = levelAt(plane, x + 1, y);
          const above = levelAt(plane, x, y - 1);
          const below = levelAt(plane, x, y + 1);
          return Math.abs(4 * levelAt(plane, x, y) - left - right - above - below);
        });
        return details.reduce((sum, detail) => sum + detail, 0);
      }),
    );
  },
  mapRange(planes) {
    return Uint8Array.from(
      mapPixels((x, y) => {
        const levels = planes.map((plane) => levelAt(plane, x, y));
        return Math.max(...levels) - Math.min(...levels);
      }),
    );
  },
};

function levelAt(plane: Uint8Array, x: number, y: number): number {
  return plane[y * side + x] ?? 0;
}

function mapPixels(valueAt: (x: number, y: number) => number): number[] {
  return Array.from({ length: side * side }, (_, at) => valueAt(at % side, Math.floor(at / side)));
}
