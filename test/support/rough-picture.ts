/** Pictures that a pixel check tells from each other, in any size. */
import { createRandom } from '../../src/demo/random.ts';

/** `side` x `side` gray pixels; the same picture for the same seed, whatever its size. */
export function roughPicture(seed: number, side: number): Uint8Array {
  const { between } = createRandom(seed);
  const waves = Array.from({ length: 12 }, () => [between(2, 16), between(2, 16), between(0, 6), between(8, 24)]);
  return Uint8Array.from({ length: side * side }, (_, at) => {
    const [x, y] = [((at % side) + 0.5) / side, (Math.floor(at / side) + 0.5) / side];
    let gray = 128;
    for (const [a = 0, b = 0, c = 0, d = 0] of waves) gray += d * Math.sin(a * x + b * y + c);
    return Math.min(255, Math.max(0, gray));
  });
}
