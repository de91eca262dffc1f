/**
 * A small software rasteriser for the demo's scenes. Places are 0..1 of the width and of the height, lengths are parts
 * of the height, so that a scene looks the same at any size.
 */

export type Rgb = readonly [red: number, green: number, blue: number];

export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Interleaved RGB, rows from the top. Clamped, so that light may be added without a check. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

export function createCanvas(width: number, height: number): Canvas {
  return { width, height, pixels: new Uint8ClampedArray(width * height * 3) };
}

export function mix(from: Rgb, to: Rgb, part: number): Rgb {
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part, from[2] + (to[2] - from[2]) * part];
}

export function scaleLight(color: Rgb, factor: number): Rgb {
  return [color[0] * factor, color[1] * factor, color[2] * factor];
}

/** Lays `color` over one pixel. Out of the canvas, nothing happens. */
function blend(canvas: Canvas, column: number, row: number, color: Rgb, alpha: number): void {
  if (column < 0 || column >= canvas.width || row < 0 || row >= canvas.height) return;
  const { pixels } = canvas;
  const at = (row * canvas.width + column) * 3;
  pixels[at] = (pixels[at] ?? 0) * (1 - alpha) + color[0] * alpha;
  pixels[at + 1] = (pixels[at + 1] ?? 0) * (1 - alpha) + color[1] * alpha;
  pixels[at + 2] = (pixels[at + 2] ?? 0) * (1 - alpha) + color[2] * alpha;
}

/** A vertical gradient through evenly spaced stops, over everything or between two heights. */
export function fillGradient(canvas: Canvas, stops: readonly Rgb[], top = 0, bottom = 1): void {
  const first = Math.max(0, Math.round(top * canvas.height));
  const last = Math.min(canvas.height, Math.round(bottom * canvas.height));
  for (let row = first; row < last; row++) {
    const place = ((row - first) / Math.max(1, last - first - 1)) * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(place));
    const from = stops[index] ?? [0, 0, 0];
    fillRow(canvas, row, 0, canvas.width, mix(from, stops[index + 1] ?? from, place - index));
  }
}

function fillRow(canvas: Canvas, row: number, from: number, to: number, color: Rgb): void {
  const { pixels, width } = canvas;
  // Whole numbers are stored several times faster than fractions, which the clamped array has to round one by one.
  const [red, green, blue] = toWhole(color);
  const end = (row * width + to) * 3;
  for (let at = (row * width + from) * 3; at < end; at += 3) {
    pixels[at] = red;
    pixels[at + 1] = green;
    pixels[at + 2] = blue;
  }
}

function toWhole(color: Rgb): Rgb {
  return [Math.round(color[0]) | 0, Math.round(color[1]) | 0, Math.round(color[2]) | 0];
}

/** One row from `from` to `to` in pixels, with the ends covered by their fraction. */
function fillSpan(canvas: Canvas, row: number, from: number, to: number, color: Rgb, alpha: number): void {
  const low = Math.max(0, from);
  const high = Math.min(canvas.width, to);
  if (row < 0 || row >= canvas.height || high <= low) return;
  const first = Math.ceil(low);
  const last = Math.floor(high);
  if (first > last) {
    blend(canvas, last, row, color, (high - low) * alpha);
    return;
  }
  if (first > low) blend(canvas, first - 1, row, color, (first - low) * alpha);
  if (last < high) blend(canvas, last, row, color, (high - last) * alpha);
  if (alpha >= 1) fillRow(canvas, row, first, last, color);
  else for (let column = first; column < last; column++) blend(canvas, column, row, color, alpha);
}

export function fillRectangle(
  canvas: Canvas,
  left: number,
  top: number,
  right: number,
  bottom: number,
  color: Rgb,
  alpha = 1,
): void {
  const first = Math.max(0, Math.round(top * canvas.height));
  const last = Math.min(canvas.height, Math.round(bottom * canvas.height));
  for (let row = first; row < last; row++) {
    fillSpan(canvas, row, left * canvas.width, right * canvas.width, color, alpha);
  }
}

export function fillDisc(canvas: Canvas, x: number, y: number, radius: number, color: Rgb, alpha = 1): void {
  const centreRow = y * canvas.height;
  const reach = radius * canvas.height;
  const last = Math.min(canvas.height - 1, Math.ceil(centreRow + reach));
  for (let row = Math.max(0, Math.floor(centreRow - reach)); row <= last; row++) {
    const half = Math.sqrt(Math.max(0, reach * reach - (row + 0.5 - centreRow) ** 2));
    fillSpan(canvas, row, x * canvas.width - half, x * canvas.width + half, color, alpha);
  }
}

/** Adds light that falls off smoothly to nothing at `radius`. */
export function addGlow(canvas: Canvas, x: number, y: number, radius: number, color: Rgb): void {
  const { width, height, pixels } = canvas;
  const centreColumn = x * width;
  const centreRow = y * height;
  const reach = radius * height;
  const lastRow = Math.min(height - 1, Math.ceil(centreRow + reach));
  const lastColumn = Math.min(width - 1, Math.ceil(centreColumn + reach));
  for (let row = Math.max(0, Math.floor(centreRow - reach)); row <= lastRow; row++) {
    for (let column = Math.max(0, Math.floor(centreColumn - reach)); column <= lastColumn; column++) {
      const far = ((column - centreColumn) ** 2 + (row - centreRow) ** 2) / (reach * reach);
      if (far >= 1) continue;
      const light = (1 - far) ** 2;
      const at = (row * width + column) * 3;
      pixels[at] = (pixels[at] ?? 0) + color[0] * light;
      pixels[at + 1] = (pixels[at + 1] ?? 0) + color[1] * light;
      pixels[at + 2] = (pixels[at + 2] ?? 0) + color[2] * light;
    }
  }
}

/** A filled polygon, even-odd; `corners` are x, y, x, y and so on. */
export function fillPolygon(canvas: Canvas, corners: readonly number[], color: Rgb, alpha = 1): void {
  const rows = corners.filter((_, index) => index % 2 === 1).map((y) => y * canvas.height);
  const columns = corners.filter((_, index) => index % 2 === 0).map((x) => x * canvas.width);
  const last = Math.min(canvas.height - 1, Math.ceil(Math.max(...rows)));
  for (let row = Math.max(0, Math.floor(Math.min(...rows))); row <= last; row++) {
    const crossings = crossRow(columns, rows, row + 0.5);
    for (let index = 0; index + 1 < crossings.length; index += 2) {
      fillSpan(canvas, row, crossings[index] ?? 0, crossings[index + 1] ?? 0, color, alpha);
    }
  }
}

function crossRow(columns: readonly number[], rows: readonly number[], middle: number): number[] {
  const crossings: number[] = [];
  for (let index = 0; index < rows.length; index++) {
    const next = (index + 1) % rows.length;
    const [fromRow = 0, toRow = 0] = [rows[index], rows[next]];
    if (fromRow <= middle === toRow <= middle) continue;
    const [fromColumn = 0, toColumn = 0] = [columns[index], columns[next]];
    crossings.push(fromColumn + ((middle - fromRow) / (toRow - fromRow)) * (toColumn - fromColumn));
  }
  return crossings.sort((one, other) => one - other);
}

/**
 * Fills from a curve (height 0..1 for a place 0..1) down to `bottom`, fading from `color` at the curve to `foot` at the
 * foot of the canvas. `bottom` spares the pixels that the next layer covers anyway.
 */
export function fillBelow(
  canvas: Canvas,
  curve: (x: number) => number,
  color: Rgb,
  foot: Rgb = color,
  bottom = 1,
): void {
  const { width, height } = canvas;
  const ramp = Uint8Array.from(
    { length: 99 },
    (_, index) => mix(color, foot, Math.floor(index / 3) / 32)[index % 3] ?? 0,
  );
  const end = Math.min(height, Math.round(bottom * height));
  for (let column = 0; column < width; column++) {
    const top = curve((column + 0.5) / width) * height;
    const first = Math.max(0, Math.ceil(top));
    if (top > 0 && first <= end) blend(canvas, column, first - 1, color, first - top);
    fillColumn(canvas, column, first, end, ramp, top);
  }
}

function fillColumn(canvas: Canvas, column: number, first: number, end: number, ramp: Uint8Array, top: number): void {
  const { width, height, pixels } = canvas;
  const step = 32 / Math.max(1, height - top);
  let at = (first * width + column) * 3;
  for (let row = first; row < end; row++, at += width * 3) {
    const shade = Math.min(32, ((row - top) * step) | 0) * 3;
    pixels[at] = ramp[shade] ?? 0;
    pixels[at + 1] = ramp[shade + 1] ?? 0;
    pixels[at + 2] = ramp[shade + 2] ?? 0;
  }
}

/** Calls `shade` per pixel with the place and writes what it puts into `out` (RGB). For what no other verb can draw. */
export function shadePixels(canvas: Canvas, shade: (x: number, y: number, out: Float32Array) => void): void {
  const { width, height, pixels } = canvas;
  const out = new Float32Array(3);
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      shade((column + 0.5) / width, (row + 0.5) / height, out);
      pixels[at++] = out[0] ?? 0;
      pixels[at++] = out[1] ?? 0;
      pixels[at++] = out[2] ?? 0;
    }
  }
}
