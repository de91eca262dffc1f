import { describe, expect, it } from 'vitest';
import {
  addGlow,
  type Canvas,
  createCanvas,
  fillBelow,
  fillDisc,
  fillGradient,
  fillPolygon,
  fillRectangle,
} from '../../../src/demo/canvas.ts';

/** Share of the canvas that is lit, by the red channel. */
function litShare(canvas: Canvas): number {
  const red = canvas.pixels.filter((_, index) => index % 3 === 0);
  return red.reduce((sum, value) => sum + value, 0) / 255 / red.length;
}

const white = [255, 255, 255] as const;

describe('the rasteriser', () => {
  it('covers the area that a shape has, whatever the size of the canvas', () => {
    for (const side of [50, 133, 400]) {
      const disc = createCanvas(side, side);
      fillDisc(disc, 0.5, 0.5, 0.25, white);
      expect(litShare(disc)).toBeCloseTo(Math.PI * 0.25 ** 2, 2);
      const triangle = createCanvas(side, side);
      fillPolygon(triangle, [0.1, 0.1, 0.9, 0.1, 0.5, 0.9], white);
      expect(litShare(triangle)).toBeCloseTo(0.32, 2);
      const hill = createCanvas(side, side);
      fillBelow(hill, (x) => 0.25 + x / 2, white);
      expect(litShare(hill)).toBeCloseTo(0.5, 2);
    }
  });

  it('clips what hangs over the edges', () => {
    const canvas = createCanvas(40, 30);
    fillRectangle(canvas, -1, -1, 0.5, 2, white);
    fillDisc(canvas, 2, 2, 0.3, white);
    fillPolygon(canvas, [1.5, 0.2, 3, 0.2, 2, 0.9], white);
    addGlow(canvas, -2, 0.5, 0.4, white);
    fillBelow(canvas, () => 1.4, white);
    expect(litShare(canvas)).toBeCloseTo(0.5, 5);
  });

  it('lays half covering paint half and half, and adds light without running over', () => {
    const canvas = createCanvas(9, 9);
    fillGradient(canvas, [
      [200, 200, 200],
      [200, 200, 200],
    ]);
    fillRectangle(canvas, 0, 0, 1, 1, [0, 0, 0], 0.5);
    expect(canvas.pixels[0]).toBe(100);
    addGlow(canvas, 0.5, 0.5, 3, white);
    addGlow(canvas, 0.5, 0.5, 3, white);
    expect(Math.max(...canvas.pixels)).toBe(255);
  });

  it('runs a gradient from the first stop to the last', () => {
    const canvas = createCanvas(2, 101);
    fillGradient(canvas, [
      [0, 0, 0],
      [100, 0, 0],
      [200, 0, 0],
    ]);
    expect([0, 50, 100].map((row) => canvas.pixels[row * 6])).toEqual([0, 100, 200]);
  });
});
