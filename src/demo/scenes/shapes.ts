/** Abstract scenes: turning solids, swarms, ribbons, gears. */
import {
  addGlow,
  type Canvas,
  fillBelow,
  fillDisc,
  fillGradient,
  fillPolygon,
  mix,
  type Rgb,
  scaleLight,
} from '../canvas.ts';
import type { Random } from '../random.ts';
import type { Palette, SceneMaker } from './scene.ts';

type Point = readonly [x: number, y: number, z: number];

interface Solid {
  readonly corners: readonly Point[];
  readonly faces: readonly (readonly number[])[];
}

const golden = (1 + Math.sqrt(5)) / 2;

const cube: Solid = {
  corners: [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => [(bits & 1) * 2 - 1, (bits & 2) - 1, (bits & 4) / 2 - 1] as const),
  faces: [
    [0, 1, 3, 2],
    [4, 6, 7, 5],
    [0, 4, 5, 1],
    [2, 3, 7, 6],
    [0, 2, 6, 4],
    [1, 5, 7, 3],
  ],
};

const octahedron: Solid = {
  corners: [
    [1.5, 0, 0],
    [-1.5, 0, 0],
    [0, 1.5, 0],
    [0, -1.5, 0],
    [0, 0, 1.5],
    [0, 0, -1.5],
  ],
  faces: [
    [0, 2, 4],
    [2, 1, 4],
    [1, 3, 4],
    [3, 0, 4],
    [2, 0, 5],
    [1, 2, 5],
    [3, 1, 5],
    [0, 3, 5],
  ],
};

const icosahedron: Solid = {
  corners: [
    [-1, golden, 0],
    [1, golden, 0],
    [-1, -golden, 0],
    [1, -golden, 0],
    [0, -1, golden],
    [0, 1, golden],
    [0, -1, -golden],
    [0, 1, -golden],
    [golden, 0, -1],
    [golden, 0, 1],
    [-golden, 0, -1],
    [-golden, 0, 1],
  ],
  faces: [
    [0, 11, 5],
    [0, 5, 1],
    [0, 1, 7],
    [0, 7, 10],
    [0, 10, 11],
    [1, 5, 9],
    [5, 11, 4],
    [11, 10, 2],
    [10, 7, 6],
    [7, 1, 8],
    [3, 9, 4],
    [3, 4, 2],
    [3, 2, 6],
    [3, 6, 8],
    [3, 8, 9],
    [4, 9, 5],
    [2, 4, 11],
    [6, 2, 10],
    [8, 6, 7],
    [9, 8, 1],
  ],
};

interface Turning {
  readonly solid: Solid;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly spinX: number;
  readonly spinY: number;
  readonly phase: number;
  readonly color: Rgb;
}

/** Flat-shaded solids tumble above a tiled floor that runs towards the viewer. */
export const makeSolids: SceneMaker = (random, palette) => {
  const horizon = random.between(0.5, 0.72);
  const floorSpeed = random.between(0.8, 1.8);
  const turning = Array.from(
    { length: random.whole(3, 5) },
    (_, index): Turning => ({
      solid: random.pick([cube, octahedron, icosahedron]),
      x: random.between(0.12, 0.88),
      y: random.between(0.2, 0.72),
      size: random.between(0.08, 0.2),
      spinX: random.between(0.5, 1.5) * (random.chance(0.5) ? 1 : -1),
      spinY: random.between(0.6, 1.8) * (random.chance(0.5) ? 1 : -1),
      phase: random.between(0, 6.3),
      color: [palette.accents[0], palette.accents[1], palette.light][index % 3] ?? palette.light,
    }),
  );
  return (canvas, seconds) => {
    fillGradient(canvas, palette.sky, 0, horizon);
    paintFloor(canvas, horizon, seconds * floorSpeed, palette);
    for (const item of turning) paintSolid(canvas, item, seconds);
  };
};

function paintFloor(canvas: Canvas, horizon: number, run: number, palette: Palette): void {
  const { width, height, pixels } = canvas;
  const light = mix(palette.far, palette.sky[2], 0.5);
  for (let row = Math.round(horizon * height); row < height; row++) {
    const depth = 0.35 / ((row + 0.5) / height - horizon + 0.01);
    const fade = Math.min(1, depth / 14);
    const odd = Math.floor(depth * 1.6 + run) & 1;
    for (let column = 0; column < width; column++) {
      const across = Math.floor(((column + 0.5) / width - 0.5) * depth * 3 + 100) & 1;
      const tile = odd === across ? light : palette.near;
      const at = (row * width + column) * 3;
      pixels[at] = tile[0] + (palette.sky[2][0] - tile[0]) * fade;
      pixels[at + 1] = tile[1] + (palette.sky[2][1] - tile[1]) * fade;
      pixels[at + 2] = tile[2] + (palette.sky[2][2] - tile[2]) * fade;
    }
  }
}

function paintSolid(canvas: Canvas, item: Turning, seconds: number): void {
  const aspect = canvas.width / canvas.height;
  const turned = item.solid.corners.map((corner) =>
    turn(corner, item.phase + item.spinX * seconds, item.phase + item.spinY * seconds),
  );
  const centreY = item.y + 0.05 * Math.sin(seconds * 1.7 + item.phase);
  for (const face of item.solid.faces) {
    const points = face.map((index) => turned[index] ?? ([0, 0, 0] as const));
    const normal = faceNormal(points);
    // The solids are convex: a face that looks away is hidden by the others, so no sorting is needed.
    if (normal[2] <= 0) continue;
    const light = 0.3 + 0.8 * Math.max(0, normal[0] * -0.4 + normal[1] * -0.6 + normal[2] * 0.7);
    const corners = points.flatMap(([x, y]) => [item.x + (x * item.size) / aspect, centreY + y * item.size]);
    fillPolygon(canvas, corners, scaleLight(item.color, light));
  }
}

function turn([x, y, z]: Point, aroundX: number, aroundY: number): Point {
  const down = y * Math.cos(aroundX) - z * Math.sin(aroundX);
  const deep = y * Math.sin(aroundX) + z * Math.cos(aroundX);
  return [x * Math.cos(aroundY) + deep * Math.sin(aroundY), down, deep * Math.cos(aroundY) - x * Math.sin(aroundY)];
}

/** Of unit length and outwards: all solids are centred on the origin. */
function faceNormal(points: readonly Point[]): Point {
  const sum = points.reduce<Point>(
    (total, point) => [total[0] + point[0], total[1] + point[1], total[2] + point[2]],
    [0, 0, 0],
  );
  const length = Math.hypot(...sum) || 1;
  return [sum[0] / length, sum[1] / length, sum[2] / length];
}

/** Hundreds of lights on woven paths, with a few large ones behind them. */
export const makeSwarm: SceneMaker = (random, palette) => {
  const clouds = Array.from({ length: 6 }, () => ({
    x: random.between(0, 1),
    y: random.between(0, 1),
    radius: random.between(0.25, 0.6),
    speed: random.between(-0.08, 0.08),
    color: scaleLight(
      random.pick([palette.sky[1], palette.accents[0], palette.accents[1]]),
      random.between(0.35, 0.75),
    ),
  }));
  const [loopsX, loopsY] = [random.whole(1, 3), random.whole(2, 5)];
  const flock = Array.from({ length: 260 }, (_, index) => ({
    phase: (index / 260) * Math.PI * 2 + random.between(-0.08, 0.08),
    stray: random.between(-0.07, 0.07),
    size: random.between(0.014, 0.04),
    color: random.pick([palette.light, palette.accents[0], palette.accents[1]]),
  }));
  const speed = random.between(0.3, 0.6) * (random.chance(0.5) ? 1 : -1);
  return (canvas, seconds) => {
    fillGradient(canvas, [
      scaleLight(palette.sky[0], 0.5),
      scaleLight(palette.sky[1], 0.35),
      scaleLight(palette.sky[0], 0.6),
    ]);
    for (const cloud of clouds) addGlow(canvas, cloud.x + cloud.speed * seconds, cloud.y, cloud.radius, cloud.color);
    for (const one of flock) {
      const place = one.phase + speed * seconds;
      const x = 0.5 + (0.4 + one.stray) * Math.sin(place * loopsX + seconds * 0.2);
      const y = 0.5 + (0.38 + one.stray) * Math.cos(place * loopsY);
      addGlow(canvas, x, y, one.size, one.color);
    }
  };
};

/** Wide ribbons of colour flow across, with discs that drift over them. */
export const makeRibbons: SceneMaker = (random, palette) => {
  const shades = [
    palette.near,
    palette.accents[0],
    palette.sky[1],
    palette.light,
    palette.far,
    palette.accents[1],
    palette.sky[0],
  ];
  const ribbons = Array.from({ length: 11 }, (_, index) => ({
    base: -0.25 + index * 0.14 + random.between(-0.03, 0.03),
    tilt: random.between(-0.2, 0.2),
    height: random.between(0.06, 0.17),
    length: random.between(2.5, 8),
    speed: random.between(0.7, 1.8) * (random.chance(0.5) ? 1 : -1),
    phase: random.between(0, 6.3),
    color: shades[(index * 3 + 1) % shades.length] ?? palette.light,
  }));
  const discs = Array.from({ length: random.whole(3, 6) }, () => ({
    x: random.between(0.1, 0.9),
    y: random.between(0.15, 0.85),
    radius: random.between(0.05, 0.15),
    driftX: random.between(-0.1, 0.1),
    driftY: random.between(-0.08, 0.08),
    color: random.pick([palette.light, palette.near, palette.accents[1]]),
  }));
  return (canvas, seconds) => {
    fillGradient(canvas, palette.sky);
    for (const ribbon of ribbons) {
      const curve = (x: number): number =>
        ribbon.base +
        ribbon.tilt * (x - 0.5) +
        ribbon.height * Math.sin(x * ribbon.length + seconds * ribbon.speed + ribbon.phase);
      const covered = ribbon.base + 0.46;
      fillBelow(canvas, curve, ribbon.color, scaleLight(ribbon.color, 0.45), covered);
    }
    for (const disc of discs) {
      const [x, y] = [disc.x + disc.driftX * seconds, disc.y + disc.driftY * seconds];
      fillDisc(canvas, x + 0.01, y + 0.02, disc.radius, palette.near, 0.4);
      fillDisc(canvas, x, y, disc.radius, disc.color);
      fillDisc(canvas, x, y, disc.radius * 0.55, mix(disc.color, palette.accents[0], 0.7));
    }
  };
};

interface Gear {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly teeth: number;
  readonly spin: number;
  readonly color: Rgb;
}

/** Gears of many sizes turn in front of a fan of rays. */
export const makeGears: SceneMaker = (random, palette) => {
  const gears = Array.from({ length: random.whole(5, 8) }, (_, index) => placeGear(random, palette, index));
  const rays = {
    x: random.between(0.2, 0.8),
    y: random.between(0.1, 0.9),
    count: random.whole(7, 13),
    speed: random.between(-0.4, 0.4),
  };
  return (canvas, seconds) => {
    fillGradient(canvas, palette.sky);
    for (let ray = 0; ray < rays.count; ray++) {
      const from = (ray / rays.count) * Math.PI * 2 + seconds * rays.speed;
      const to = from + Math.PI / rays.count;
      const corners = [
        rays.x,
        rays.y,
        rays.x + Math.cos(from) * 2,
        rays.y + Math.sin(from) * 3,
        rays.x + Math.cos(to) * 2,
        rays.y + Math.sin(to) * 3,
      ];
      fillPolygon(canvas, corners, palette.far, 0.55);
    }
    for (const gear of gears) paintGear(canvas, gear, palette, seconds);
  };
};

function placeGear(random: Random, palette: Palette, index: number): Gear {
  const radius = random.between(0.1, 0.3);
  return {
    x: random.between(0.05, 0.95),
    y: random.between(0.05, 0.95),
    radius,
    teeth: Math.round(8 + radius * 34),
    spin: (0.14 / radius) * (index % 2 === 0 ? 1 : -1) * random.between(0.8, 1.5),
    color: [palette.accents[0], palette.near, palette.light, palette.accents[1]][index % 4] ?? palette.near,
  };
}

function paintGear(canvas: Canvas, gear: Gear, palette: Palette, seconds: number): void {
  const aspect = canvas.width / canvas.height;
  const place = (angle: number, radius: number): [number, number] => [
    gear.x + (Math.cos(angle) * radius) / aspect,
    gear.y + Math.sin(angle) * radius,
  ];
  const corners: number[] = [];
  const step = (Math.PI * 2) / gear.teeth;
  for (let tooth = 0; tooth < gear.teeth; tooth++) {
    const angle = tooth * step + gear.spin * seconds;
    corners.push(...place(angle, gear.radius), ...place(angle + step * 0.4, gear.radius));
    corners.push(...place(angle + step * 0.5, gear.radius * 0.84), ...place(angle + step * 0.9, gear.radius * 0.84));
  }
  fillPolygon(canvas, corners, gear.color);
  fillDisc(canvas, gear.x, gear.y, gear.radius * 0.66, scaleLight(gear.color, 0.62));
  for (let hole = 0; hole < 5; hole++) {
    const [x, y] = place((hole / 5) * Math.PI * 2 + gear.spin * seconds, gear.radius * 0.42);
    fillDisc(canvas, x, y, gear.radius * 0.15, palette.sky[0]);
  }
  fillDisc(canvas, gear.x, gear.y, gear.radius * 0.14, palette.light);
}
