/** Scenes out of doors: ridges, sea, forest. */
import {
  addGlow,
  type Canvas,
  fillBelow,
  fillDisc,
  fillGradient,
  fillPolygon,
  fillRectangle,
  mix,
  type Rgb,
  scaleLight,
} from '../canvas.ts';
import { createNoise, type Random } from '../random.ts';
import type { Palette, SceneMaker } from './scene.ts';

interface Light {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly speedX: number;
  readonly speedY: number;
}

function placeLight(random: Random): Light {
  return {
    x: random.between(0.12, 0.88),
    y: random.between(0.14, 0.42),
    radius: random.between(0.06, 0.13),
    speedX: random.between(-0.03, 0.03),
    speedY: random.between(-0.03, 0.02),
  };
}

function paintLight(canvas: Canvas, light: Light, palette: Palette, seconds: number): { x: number; y: number } {
  const x = light.x + light.speedX * seconds;
  const y = light.y + light.speedY * seconds;
  addGlow(canvas, x, y, light.radius * 4.5, scaleLight(palette.light, 0.45));
  fillDisc(canvas, x, y, light.radius, palette.light);
  return { x, y };
}

/** Mountain ridges one behind the other, the near ones drifting faster, under a sun and birds. */
export const makeRidges: SceneMaker = (random, palette) => {
  const noise = createNoise(random);
  const light = placeLight(random);
  const drift = random.between(0.1, 0.2) * (random.chance(0.5) ? 1 : -1);
  const roughness = random.between(1.6, 3);
  const horizon = random.between(0.36, 0.5);
  const birds = placeBirds(random);
  const layers = 5;
  return (canvas, seconds) => {
    fillGradient(canvas, palette.sky);
    paintLight(canvas, light, palette, seconds);
    for (let layer = 0; layer < layers; layer++) {
      const depth = layer / (layers - 1);
      const shift = layer * 31.7 + seconds * drift * (0.4 + 3 * depth * depth) + 40;
      const height = 0.42 - 0.2 * depth;
      const base = horizon + 0.44 * depth;
      const covered = layer === layers - 1 ? 1 : base + 0.11 + 0.32 * height;
      const trees = layer >= layers - 2 ? 0.03 * depth : 0;
      const ridge = (x: number): number => {
        const place = x * roughness + shift;
        const spikes =
          trees === 0 ? 0 : trees * (1 - Math.abs(((place * 26) % 1) * 2 - 1)) * noise.at(Math.floor(place * 26));
        return base - height * (noise.fractal(place, 5) - 0.32) - spikes * 1.8;
      };
      const color = mix(palette.far, palette.near, depth);
      fillBelow(canvas, ridge, color, mix(color, palette.sky[2], 0.35 * (1 - depth)), covered);
    }
    for (const bird of birds) paintBird(canvas, bird, palette.near, seconds);
  };
};

interface Bird {
  readonly x: number;
  readonly y: number;
  readonly span: number;
  readonly speed: number;
  readonly beat: number;
}

function placeBirds(random: Random): Bird[] {
  const speed = random.between(0.08, 0.16) * (random.chance(0.5) ? 1 : -1);
  return Array.from({ length: random.whole(3, 8) }, () => ({
    x: random.between(0.1, 0.9),
    y: random.between(0.1, 0.4),
    span: random.between(0.02, 0.05),
    speed: speed * random.between(0.8, 1.2),
    beat: random.between(5, 9),
  }));
}

function paintBird(canvas: Canvas, bird: Bird, color: Rgb, seconds: number): void {
  const x = wrap(bird.x + bird.speed * seconds);
  const lift = Math.sin(seconds * bird.beat) * bird.span * 0.5;
  const { span } = bird;
  const y = bird.y + lift * 0.3;
  fillPolygon(canvas, [x - span * 0.6, y - lift, x, y, x + span * 0.6, y - lift, x, y + span * 0.28], color);
}

function wrap(place: number): number {
  return ((((place + 0.1) % 1.2) + 1.2) % 1.2) - 0.1;
}

/** Layers of swell with a moving light on the water and boats riding it. */
export const makeSea: SceneMaker = (random, palette) => {
  const light = placeLight(random);
  const horizon = random.between(0.36, 0.56);
  const layers = Array.from({ length: 9 }, (_, index) => ({
    base: horizon + ((1 - horizon) * (index + 0.4) ** 1.4) / 9 ** 1.4,
    length: random.between(8, 16) / (1 + index * 0.35),
    height: (0.006 + 0.005 * index) * random.between(0.8, 1.6),
    speed: random.between(1.2, 2.4) * (random.chance(0.5) ? 1 : -1),
    phase: random.between(0, 6),
  }));
  const boats = Array.from({ length: random.whole(2, 4) }, () => ({
    x: random.between(0.1, 0.9),
    layer: random.whole(2, 6),
    size: random.between(0.6, 1.5),
    speed: random.between(-0.05, 0.05),
  }));
  const water = mix(palette.sky[0], palette.far, 0.4);
  return (canvas, seconds) => {
    fillGradient(canvas, palette.sky, 0, horizon + 0.05);
    const { x: lightX } = paintLight(canvas, light, palette, seconds);
    layers.forEach((layer, index) => {
      const swell = (x: number): number =>
        layer.base +
        layer.height *
          (Math.sin(x * layer.length + seconds * layer.speed + layer.phase) +
            0.5 * Math.sin(x * layer.length * 2.3 - seconds * layer.speed * 1.4));
      const color = mix(index % 2 === 0 ? water : palette.far, palette.near, index / 10);
      const next = layers[index + 1];
      const covered = next === undefined ? 1 : next.base + next.height * 1.5 + 0.01;
      fillBelow(canvas, swell, color, mix(color, palette.near, 0.5), covered);
      glitter(canvas, lightX, layer.base, index, seconds, palette.light);
      for (const boat of boats) {
        if (boat.layer === index) paintBoat(canvas, boat, swell, palette, seconds);
      }
    });
  };
};

function glitter(canvas: Canvas, x: number, y: number, index: number, seconds: number, light: Rgb): void {
  for (let spark = 0; spark < 7; spark++) {
    const wander = Math.sin(spark * 12.9 + index * 4.1 + seconds * (1 + (spark % 3)));
    const half = 0.008 + 0.012 * Math.abs(Math.sin(seconds * 3 + spark * 2 + index));
    const centre = x + wander * (0.02 + 0.02 * index);
    const row = y + spark * 0.006;
    fillRectangle(canvas, centre - half, row, centre + half, row + 0.006, light, 0.6);
  }
}

interface Boat {
  readonly x: number;
  readonly size: number;
  readonly speed: number;
}

function paintBoat(canvas: Canvas, boat: Boat, swell: (x: number) => number, palette: Palette, seconds: number): void {
  const x = wrap(boat.x + boat.speed * seconds);
  const y = swell(x);
  const unit = 0.1 * boat.size;
  const tilt = (swell(x + 0.02) - swell(x - 0.02)) * 1.5;
  fillPolygon(
    canvas,
    [
      x - unit * 0.6,
      y - unit * 0.3,
      x + unit * 0.6,
      y - unit * 0.3,
      x + unit * 0.4,
      y + unit * 0.15,
      x - unit * 0.4,
      y + unit * 0.15,
    ],
    palette.near,
  );
  fillPolygon(
    canvas,
    [x - tilt, y - unit * 2, x - unit * 0.03, y - unit * 0.36, x + unit * 0.55, y - unit * 0.36],
    palette.accents[0],
  );
  fillPolygon(
    canvas,
    [x - tilt, y - unit * 1.7, x - unit * 0.08, y - unit * 0.36, x - unit * 0.42, y - unit * 0.36],
    palette.light,
  );
}

/** A walk past trunks: far ones pale in the mist, near ones dark and quick. */
export const makeForest: SceneMaker = (random, palette) => {
  const noise = createNoise(random);
  const light = placeLight(random);
  const speed = random.between(0.06, 0.14) * (random.chance(0.5) ? 1 : -1);
  const layers = [0.15, 0.45, 0.75, 1].map((depth) => ({ depth, trunks: placeTrunks(random, depth) }));
  return (canvas, seconds) => {
    fillGradient(canvas, [palette.sky[2], mix(palette.sky[1], palette.sky[2], 0.5), palette.sky[1]]);
    paintLight(canvas, light, palette, seconds);
    for (const { depth, trunks } of layers) {
      const color = mix(palette.far, palette.near, depth);
      const shift = seconds * speed * (0.3 + depth * 1.6);
      for (const trunk of trunks) paintTrunk(canvas, trunk, color, shift, seconds);
      const ground = (x: number): number =>
        1.02 - 0.3 * (1 - depth) - 0.1 * noise.fractal((x - shift) * 5 + depth * 50, 3);
      fillBelow(canvas, ground, color);
    }
  };
};

interface Trunk {
  readonly x: number;
  readonly half: number;
  readonly lean: number;
  readonly crown: number;
  readonly leaves: readonly { readonly x: number; readonly y: number; readonly radius: number }[];
}

function placeTrunks(random: Random, depth: number): Trunk[] {
  return Array.from({ length: Math.round(9 - depth * 4) }, () => ({
    x: random.between(0, 1.2),
    half: 0.006 + 0.022 * depth * random.between(0.6, 1.4),
    lean: random.between(-0.04, 0.04),
    crown: random.between(-0.1, 0.3),
    leaves: Array.from({ length: 7 }, () => ({
      x: random.between(-0.09, 0.09),
      y: random.between(-0.12, 0.16),
      radius: random.between(0.03, 0.09) * (0.6 + depth * 0.6),
    })),
  }));
}

function paintTrunk(canvas: Canvas, trunk: Trunk, color: Rgb, shift: number, seconds: number): void {
  const x = wrap(trunk.x + shift);
  const { half, lean, crown } = trunk;
  const corners = [x + lean - half * 0.5, crown, x + lean + half * 0.5, crown, x + half, 1.02, x - half, 1.02];
  fillPolygon(canvas, corners, color);
  const sway = Math.sin(seconds * 1.3 + trunk.x * 9) * 0.006;
  for (const leaf of trunk.leaves) {
    fillDisc(canvas, x + lean + leaf.x + sway, crown + leaf.y, leaf.radius, color);
  }
}
