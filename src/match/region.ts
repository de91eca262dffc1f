/**
 * Where in a picture something is. Copies are cropped, framed, turned and pasted into other pictures, so parts of an
 * upload are compared with parts of known content: *regions* of the upload with *views* of the known frame.
 */

/** A rectangle of a picture in shares of its width and height, turned about its own centre. */
export interface Region {
  /** Of the rectangle before it is turned. The picture is 0 to 1 both ways. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Clockwise, in the picture's true proportions. */
  readonly degrees: number;
}

export const fullRegion: Region = { left: 0, top: 0, width: 1, height: 1, degrees: 0 };

/** A view of known content: a part of each frame that has a hash of its own in the bank. */
export type KnownView =
  | { readonly kind: 'full' }
  | { readonly kind: 'crop'; readonly region: Region }
  /** Turned and cropped as much as keeps blank corners out: shared corners alone would make hashes alike. */
  | { readonly kind: 'turned'; readonly degrees: number };

const crop = (left: number, top: number, width: number, height: number): KnownView => ({
  kind: 'crop',
  region: { left, top, width, height, degrees: 0 },
});
const turned = (degrees: number): KnownView => ({ kind: 'turned', degrees });

/**
 * The views of a deep bank. The place in this list is what bank records carry: never renumber, only append. Chosen by
 * measurement: see docs/specs/matching.md.
 */
export const knownViews: readonly KnownView[] = [
  { kind: 'full' },
  crop(0.05, 0.05, 0.9, 0.9),
  crop(0.1, 0.1, 0.8, 0.8),
  crop(0.15, 0.15, 0.7, 0.7),
  crop(0, 0, 0.9, 0.9),
  crop(0.1, 0, 0.9, 0.9),
  crop(0, 0.1, 0.9, 0.9),
  crop(0.1, 0.1, 0.9, 0.9),
  crop(0, 0, 0.8, 0.8),
  crop(0.2, 0, 0.8, 0.8),
  crop(0, 0.2, 0.8, 0.8),
  crop(0.2, 0.2, 0.8, 0.8),
  crop(0, 0, 0.8, 1),
  crop(0.2, 0, 0.8, 1),
  crop(0, 0, 1, 0.8),
  crop(0, 0.2, 1, 0.8),
  turned(2),
  turned(-2),
  turned(5),
  turned(-5),
  turned(10),
  turned(-10),
  crop(0, 0, 0.7, 0.7),
  crop(0.3, 0, 0.7, 0.7),
  crop(0, 0.3, 0.7, 0.7),
  crop(0.3, 0.3, 0.7, 0.7),
  crop(0, 0, 0.7, 1),
  crop(0.3, 0, 0.7, 1),
  crop(0, 0, 1, 0.7),
  crop(0, 0.3, 1, 0.7),
];

/** The region of a known view. `aspect` is the frame's width over its height. Throws a RangeError for an unknown view. */
export function regionOfView(view: number, aspect: number): Region {
  const known = knownViews[view];
  if (known === undefined) throw new RangeError(`there is no known view ${view}`);
  if (known.kind === 'full') return fullRegion;
  return known.kind === 'crop' ? known.region : inscribed(known.degrees, aspect);
}

/** The largest rectangle of the frame's own proportions that, turned, still lies within the frame. */
export function inscribed(degrees: number, aspect: number): Region {
  const angle = (Math.abs(degrees) * Math.PI) / 180;
  const zoom = Math.cos(angle) + Math.max(aspect, 1 / aspect) * Math.sin(angle);
  const side = 1 / zoom;
  return { left: (1 - side) / 2, top: (1 - side) / 2, width: side, height: side, degrees };
}

/** Maps (u, v), each 0 to 1 over a region, to shares of the picture: x = x0 + u * xu + v * xv, and y likewise. */
export interface Affine {
  readonly x0: number;
  readonly xu: number;
  readonly xv: number;
  readonly y0: number;
  readonly yu: number;
  readonly yv: number;
}

/** `aspect` is the picture's width over its height. */
export function affineOf(region: Region, aspect: number): Affine {
  const { left, top, width, height } = region;
  const angle = (region.degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const xu = width * cos;
  const xv = (-height * sin) / aspect;
  const yu = width * sin * aspect;
  const yv = height * cos;
  return {
    x0: left + width / 2 - (xu + xv) / 2,
    xu,
    xv,
    y0: top + height / 2 - (yu + yv) / 2,
    yu,
    yv,
  };
}
