/** Small gray pictures and how they are sampled: what the pixel check compares. */
import type { Affine } from './region.ts';

/** Square, 8-bit gray, rows from the top; the whole picture, stretched. */
export interface Thumbnail {
  readonly side: number;
  readonly pixels: Uint8Array;
}

export function thumbnailOf(pixels: Uint8Array): Thumbnail {
  return { side: Math.round(Math.sqrt(pixels.length)), pixels };
}

/** Its negative. */
export function inverted({ side, pixels }: Thumbnail): Thumbnail {
  return { side, pixels: pixels.map((value) => 255 - value) };
}

/**
 * Where in a region of the upload a place of the known picture shows, by position in `dihedralNames`: known (u, v) is
 * upload (u', v'), both 0 to 1 over the region. PDQ names a flip by the axis that it turns about.
 */
const placements: readonly ((u: number, v: number) => readonly [number, number])[] = [
  (u, v) => [u, v],
  (u, v) => [1 - v, u],
  (u, v) => [1 - u, 1 - v],
  (u, v) => [v, 1 - u],
  (u, v) => [u, 1 - v],
  (u, v) => [1 - u, v],
  (u, v) => [v, u],
  (u, v) => [1 - v, 1 - u],
];

/** `region` after the rotation or flip: maps (u, v) of the known picture to shares of the upload's. */
export function turnedBy(region: Affine, dihedral: number): Affine {
  const place = placements[dihedral];
  if (place === undefined) throw new RangeError(`there is no rotation or flip ${dihedral}`);
  const at = (u: number, v: number): readonly [number, number] => {
    const [du, dv] = place(u, v);
    return [region.x0 + du * region.xu + dv * region.xv, region.y0 + du * region.yu + dv * region.yv];
  };
  const [x0, y0] = at(0, 0);
  const [x1, y1] = at(1, 0);
  const [x2, y2] = at(0, 1);
  return { x0, xu: x1 - x0, xv: x2 - x0, y0, yu: y1 - y0, yv: y2 - y0 };
}

/** `outer` after `inner`: (u, v) through inner gives the (u, v) of outer. */
export function composed(outer: Affine, inner: Affine): Affine {
  return {
    x0: outer.x0 + outer.xu * inner.x0 + outer.xv * inner.y0,
    xu: outer.xu * inner.xu + outer.xv * inner.yu,
    xv: outer.xu * inner.xv + outer.xv * inner.yv,
    y0: outer.y0 + outer.yu * inner.x0 + outer.yv * inner.y0,
    yu: outer.yu * inner.xu + outer.yv * inner.yu,
    yv: outer.yu * inner.xv + outer.yv * inner.yv,
  };
}

/** How far beyond the picture's edge a sample still counts, in pixels: half of one is the edge pixel's own half. */
const overhang = 0.5;

/**
 * Bilinear samples of the picture at the centres of a `gridSide` x `gridSide` grid over (u, v). `inside` tells which of
 * them lie within the picture; the others repeat its edge.
 */
export function sampleGrid(
  { side, pixels }: Thumbnail,
  map: Affine,
  gridSide: number,
  values: Float32Array,
  inside: Uint8Array,
): void {
  const last = side - 1;
  for (let row = 0, at = 0; row < gridSide; row++) {
    const v = (row + 0.5) / gridSide;
    for (let column = 0; column < gridSide; column++, at++) {
      const u = (column + 0.5) / gridSide;
      const x = (map.x0 + u * map.xu + v * map.xv) * side - 0.5;
      const y = (map.y0 + u * map.yu + v * map.yv) * side - 0.5;
      inside[at] = x >= -overhang && y >= -overhang && x <= last + overhang && y <= last + overhang ? 1 : 0;
      const left = x <= 0 ? 0 : x >= last ? last : x | 0;
      const top = y <= 0 ? 0 : y >= last ? last : y | 0;
      const right = left < last ? left + 1 : last;
      const bottom = top < last ? top + 1 : last;
      const fx = x <= 0 ? 0 : x >= last ? 0 : x - left;
      const fy = y <= 0 ? 0 : y >= last ? 0 : y - top;
      const upper = (pixels[top * side + left] ?? 0) * (1 - fx) + (pixels[top * side + right] ?? 0) * fx;
      const lower = (pixels[bottom * side + left] ?? 0) * (1 - fx) + (pixels[bottom * side + right] ?? 0) * fx;
      values[at] = upper * (1 - fy) + lower * fy;
    }
  }
}
