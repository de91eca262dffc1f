/** A picture as coloured characters: each cell is an upper half block, so that it shows two pixels one above the other. */
import type { Canvas } from './canvas.ts';

export type TerminalColors = 'truecolor' | '256';

export interface ThumbnailSize {
  readonly columns: number;
  /** Lines of text; each holds two rows of pixels. */
  readonly lines: number;
}

/** One string per line, each `columns` characters wide once printed and ending with a reset of the colours. */
export function drawThumbnail(canvas: Canvas, size: ThumbnailSize, colors: TerminalColors = 'truecolor'): string[] {
  const { columns, lines } = size;
  const rows = lines * 2;
  return Array.from({ length: lines }, (_, line) => {
    const cells = Array.from({ length: columns }, (_, column) => {
      const upper = averageCell(canvas, column, columns, line * 2, rows);
      const lower = averageCell(canvas, column, columns, line * 2 + 1, rows);
      return `\u001b[38;${nameColor(upper, colors)};48;${nameColor(lower, colors)}m▀`;
    });
    return `${cells.join('')}\u001b[0m`;
  });
}

/** Mean of all pixels under a cell: picking one of them would flicker from frame to frame. */
function averageCell(canvas: Canvas, column: number, columns: number, row: number, rows: number): number[] {
  const { width, height, pixels } = canvas;
  const left = Math.floor((column / columns) * width);
  const right = Math.max(left + 1, Math.floor(((column + 1) / columns) * width));
  const top = Math.floor((row / rows) * height);
  const bottom = Math.max(top + 1, Math.floor(((row + 1) / rows) * height));
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let at = (y * width + left) * 3; at < (y * width + right) * 3; at++) {
      const channel = (at % (width * 3)) % 3;
      sums[channel] = (sums[channel] ?? 0) + (pixels[at] ?? 0);
    }
  }
  return sums.map((sum) => Math.round(sum / ((right - left) * (bottom - top))));
}

function nameColor(color: readonly number[], colors: TerminalColors): string {
  if (colors === 'truecolor') return `2;${color.join(';')}`;
  const [red = 0, green = 0, blue = 0] = color.map((channel) => Math.round((channel / 255) * 5));
  return `5;${16 + 36 * red + 6 * green + blue}`;
}
