/** What every scene of the demo is: made once from randomness and a palette, then painted at any time and size. */
import type { Canvas, Rgb } from '../canvas.ts';
import type { Random } from '../random.ts';

export type Painter = (canvas: Canvas, seconds: number) => void;
export type SceneMaker = (random: Random, palette: Palette) => Painter;

export interface Palette {
  /** The sky or background, top to bottom. */
  readonly sky: readonly [Rgb, Rgb, Rgb];
  /** Sun, moon, lamps. */
  readonly light: Rgb;
  /** The farthest and the nearest ground. */
  readonly far: Rgb;
  readonly near: Rgb;
  /** Two colours that stand out. */
  readonly accents: readonly [Rgb, Rgb];
}

export const palettes = {
  dawn: {
    sky: [
      [38, 44, 92],
      [214, 108, 110],
      [255, 205, 140],
    ],
    light: [255, 240, 196],
    far: [168, 106, 124],
    near: [28, 22, 44],
    accents: [
      [255, 122, 89],
      [92, 210, 205],
    ],
  },
  noon: {
    sky: [
      [42, 112, 196],
      [124, 190, 232],
      [232, 246, 250],
    ],
    light: [255, 252, 226],
    far: [134, 172, 176],
    near: [26, 70, 48],
    accents: [
      [240, 82, 60],
      [250, 202, 70],
    ],
  },
  night: {
    sky: [
      [6, 8, 26],
      [18, 28, 66],
      [64, 64, 118],
    ],
    light: [238, 240, 255],
    far: [46, 54, 98],
    near: [6, 8, 20],
    accents: [
      [255, 196, 92],
      [90, 220, 255],
    ],
  },
  ember: {
    sky: [
      [24, 8, 16],
      [122, 28, 28],
      [246, 138, 48],
    ],
    light: [255, 226, 150],
    far: [138, 52, 40],
    near: [18, 8, 12],
    accents: [
      [255, 90, 40],
      [255, 214, 110],
    ],
  },
  lagoon: {
    sky: [
      [6, 36, 58],
      [12, 106, 122],
      [150, 226, 200],
    ],
    light: [244, 255, 220],
    far: [40, 132, 130],
    near: [4, 30, 40],
    accents: [
      [255, 130, 120],
      [220, 250, 120],
    ],
  },
  orchid: {
    sky: [
      [36, 12, 66],
      [132, 44, 134],
      [250, 152, 186],
    ],
    light: [255, 232, 240],
    far: [132, 70, 140],
    near: [24, 10, 40],
    accents: [
      [110, 240, 220],
      [255, 222, 90],
    ],
  },
  frost: {
    sky: [
      [88, 112, 140],
      [168, 190, 208],
      [244, 246, 248],
    ],
    light: [255, 255, 255],
    far: [176, 192, 204],
    near: [30, 42, 58],
    accents: [
      [206, 52, 64],
      [36, 122, 168],
    ],
  },
  moss: {
    sky: [
      [20, 40, 30],
      [92, 134, 78],
      [226, 230, 160],
    ],
    light: [255, 250, 206],
    far: [112, 146, 96],
    near: [14, 28, 18],
    accents: [
      [232, 110, 60],
      [244, 220, 120],
    ],
  },
} as const satisfies Record<string, Palette>;

export type PaletteName = keyof typeof palettes;
