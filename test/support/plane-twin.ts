/** Maps of planes once more, slow and obvious, as the kernel's oracle: one pixel at a time, all its values in a row. */
import type { PlaneMapper } from '../../src/kernel/hasher.ts';

const side = 128;

export const planeTwin: PlaneMapper = {
  mapSteps(planes, beside) {
    const [dx, dy] = beside === 'before' ? [1, 0] : [0, 1];
    return Uint8Array.from(
      mapPixels((x, y) => {
        if (x < dx || y < dy) return 0;
        const steps = planes.map((plane) => Math.abs(levelAt(plane, x, y) - levelAt(plane, x - dx, y - dy)));
        return steps.sort((a, b) => a - b)[planes.length >> 1] ?? 0;
      }),
    );
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
