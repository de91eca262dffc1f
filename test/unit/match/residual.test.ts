/** Goal: two boxes that stand alike have nothing left in common, and pictures of the world keep most of what they have. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/demo/random.ts';
import { gridSide, type Laid } from '../../../src/match/moments.ts';
import { agreementOf, residualAgreementOf } from '../../../src/match/pixel-check.ts';
import { residualsOf } from '../../../src/match/residual.ts';
import { residualsSlowly } from '../../support/residual-twin.ts';

type Picture = (row: number, column: number) => number;

const everywhere = new Uint8Array(gridSide * gridSide).fill(1);
/** As where an upload was turned: corners are missing. */
const withoutCorners = everywhere.map((_, at) => {
  const [row, column] = [Math.floor(at / gridSide), at % gridSide];
  return Math.abs(row - 15.5) + Math.abs(column - 15.5) < 22 ? 1 : 0;
});

function drawn(picture: Picture): Float32Array {
  return Float32Array.from({ length: gridSide * gridSide }, (_, at) =>
    picture(Math.floor(at / gridSide), at % gridSide),
  );
}

function laid(known: Picture, upload: Picture, inside = everywhere): Laid {
  return { known: drawn(known), upload: drawn(upload), inside };
}

/** Things of all sizes and grays here and there. */
function sceneOf(seed: number): Picture {
  const { between } = createRandom(seed);
  const things = Array.from({ length: 40 }, () => ({
    row: between(0, gridSide),
    column: between(0, gridSide),
    radius: between(1, 6),
    gray: between(-60, 60),
  }));
  return (row, column) =>
    things.reduce((gray, thing) => {
      const away = Math.hypot(row - thing.row, column - thing.column) / thing.radius;
      return gray + thing.gray * Math.exp(-away * away);
    }, 128);
}

/** Light within, dark around, with some of `inside` on it. */
function boxOf(inside: Picture): Picture {
  const isWithin = (row: number, column: number) => row >= 5 && row < 24 && column >= 8 && column < 29;
  return (row, column) => (isWithin(row, column) ? 200 + inside(row, column) : 40);
}

function powerOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

describe('what rows and columns tell', () => {
  const rows = Array.from({ length: gridSide }, (_, row) => Math.sin(row * 0.7) + (row > 10 ? 1.5 : 0));
  const columns = Array.from({ length: gridSide }, (_, column) => Math.cos(column * 0.4) + (column > 20 ? 2 : 0));
  const at = (line: readonly number[], place: number) => line[place] ?? 0;

  it.each<[string, Picture]>([
    ['bars across', (row) => 50 * at(rows, row)],
    ['bars both ways', (row, column) => 50 * at(rows, row) + 30 * at(columns, column)],
    ['a product of both', (row, column) => 100 + 40 * at(rows, row) * at(columns, column)],
    ['a product on bars', (row, column) => 30 * at(rows, row) * at(columns, column) + 20 * at(rows, row)],
  ])('is all of %s', (_what, picture) => {
    for (const inside of [everywhere, withoutCorners]) {
      const { known, upload } = residualsOf(laid(picture, picture, inside));
      // Where corners are missing it is as good as all.
      const most = inside === everywhere ? 1e-6 : 0.05;
      expect(powerOf(known)).toBeLessThan(most * powerOf(drawn(picture)));
      expect(powerOf(upload)).toBeLessThan(most * powerOf(drawn(picture)));
    }
  });

  // Two products that are about as strong take about as much: which of them it is does not matter.
  it('is taken away nearly as far as the slow twin takes it, which is as far as one product goes', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const pair = laid(sceneOf(seed), sceneOf(seed + 100));
      const slow = residualsSlowly(pair);
      const taken = powerOf(Float32Array.from(slow.known)) + slow.taken - powerOf(residualsOf(pair).known);
      expect(taken / slow.taken).toBeGreaterThan(0.8);
      expect(taken / slow.taken).toBeLessThan(1.001);
    }
  });

  it('is taken away where corners are missing as it is in between', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const pair = laid(sceneOf(seed), sceneOf(seed + 100), withoutCorners);
      const counted = (values: Float32Array) =>
        powerOf(values.map((value, place) => value * (withoutCorners[place] ?? 0)));
      const slow = residualsSlowly(pair);
      const whole = counted(Float32Array.from(slow.known)) + slow.taken;
      expect(counted(residualsOf(pair).known)).toBeLessThan(whole - 0.7 * slow.taken);
    }
  });

  it('is the same of both pictures: the known one chooses it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const scene = sceneOf(seed);
      const { known, upload } = residualsOf(laid(scene, (row, column) => 10 + 2 * scene(row, column)));
      for (const [place, value] of known.entries()) expect(upload[place]).toBeCloseTo(2 * value, 2);
    }
  });
});

describe('agreement in what is left', () => {
  it('is nothing for boxes that stand alike and show other things, where all in all they agree', () => {
    const faint =
      (seed: number): Picture =>
      (row, column) =>
        0.1 * (sceneOf(seed)(row, column) - 128);
    const pair = laid(boxOf(faint(1)), boxOf(faint(2)));
    expect(agreementOf(pair)).toBeGreaterThan(0.5);
    expect(residualAgreementOf(pair)).toBeLessThan(0.1);
  });

  it('is as good as whole for a scene that was made brighter, and for one with a caption', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const scene = sceneOf(seed);
      expect(residualAgreementOf(laid(scene, (row, column) => 30 + 0.7 * scene(row, column)))).toBeGreaterThan(0.97);
      const captioned: Picture = (row, column) => (row > 25 ? 20 + 200 * ((row + column) % 2) : scene(row, column));
      expect(residualAgreementOf(laid(scene, captioned))).toBeGreaterThan(0.5);
    }
  });

  it('is little for other scenes', () => {
    for (let seed = 1; seed <= 40; seed++) {
      expect(residualAgreementOf(laid(sceneOf(seed), sceneOf(seed + 50)))).toBeLessThan(0.5);
    }
  });
});
