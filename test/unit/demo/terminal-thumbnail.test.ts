import { describe, expect, it } from 'vitest';
import { createCanvas, fillRectangle } from '../../../src/demo/canvas.ts';
import { drawThumbnail } from '../../../src/demo/terminal-thumbnail.ts';

const canvas = createCanvas(40, 40);
fillRectangle(canvas, 0, 0, 0.5, 1, [255, 0, 0]);
fillRectangle(canvas, 0.5, 0.5, 1, 1, [0, 0, 255]);

describe('drawThumbnail', () => {
  it('shows two rows of pixels per line, in full colour', () => {
    expect(drawThumbnail(canvas, { columns: 2, lines: 1 })).toEqual([
      '\u001b[38;2;255;0;0;48;2;255;0;0m▀\u001b[38;2;0;0;0;48;2;0;0;255m▀\u001b[0m',
    ]);
  });

  it('falls back to the cube of 216 colours', () => {
    // 16 + 36 * red + 6 * green + blue, each 0 to 5: half of full red is 3.
    expect(drawThumbnail(canvas, { columns: 1, lines: 1 }, '256')).toEqual(['\u001b[38;5;124;48;5;127m▀\u001b[0m']);
  });

  it('averages what lies under a cell', () => {
    expect(drawThumbnail(canvas, { columns: 1, lines: 1 })).toEqual(['\u001b[38;2;128;0;0;48;2;128;0;128m▀\u001b[0m']);
  });

  it('has as many lines and characters as asked for, even from a smaller picture', () => {
    const lines = drawThumbnail(createCanvas(5, 3), { columns: 24, lines: 7 });
    expect(lines).toHaveLength(7);
    for (const line of lines) expect(line.split('▀')).toHaveLength(25);
  });
});
