/** Built and far places: a city at night, a planet, a tunnel. */
import {
  addGlow,
  type Canvas,
  fillDisc,
  fillGradient,
  fillRectangle,
  mix,
  type Rgb,
  scaleLight,
  shadePixels,
} from '../canvas.ts';
import { createNoise, type Noise, type Random } from '../random.ts';
import type { Palette, SceneMaker } from './scene.ts';

interface Star {
  readonly x: number;
  readonly y: number;
  readonly bright: number;
}

function placeStars(random: Random, count: number): Star[] {
  return Array.from({ length: count }, () => ({
    x: random.between(0, 1),
    y: random.between(0, 1) ** 1.4,
    bright: random.between(0.2, 1),
  }));
}

function paintStars(canvas: Canvas, stars: readonly Star[], seconds: number): void {
  for (const star of stars) {
    const twinkle = star.bright * (0.7 + 0.3 * Math.sin(seconds * 4 + star.x * 90));
    addGlow(canvas, star.x, star.y, 0.008, scaleLight([255, 250, 235], twinkle));
  }
}

interface Building {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
  readonly lit: readonly boolean[];
  readonly mast: boolean;
}

/** Three rows of towers with lit windows slide past each other; cars run along the foot. */
export const makeCity: SceneMaker = (random, palette) => {
  const stars = placeStars(random, 60);
  const moon = { x: random.between(0.15, 0.85), y: random.between(0.12, 0.3), radius: random.between(0.05, 0.1) };
  const speed = random.between(0.04, 0.09) * (random.chance(0.5) ? 1 : -1);
  const rows = [0, 0.5, 1].map((depth) => ({ depth, street: placeStreet(random, depth) }));
  const cars = Array.from({ length: 12 }, () => ({
    x: random.between(0, 1),
    speed: random.between(0.15, 0.35) * (random.chance(0.5) ? 1 : -1),
  }));
  return (canvas, seconds) => {
    fillGradient(canvas, palette.sky);
    paintStars(canvas, stars, seconds);
    addGlow(canvas, moon.x, moon.y, moon.radius * 3.5, scaleLight(palette.light, 0.35));
    fillDisc(canvas, moon.x, moon.y, moon.radius, palette.light);
    for (const { depth, street } of rows) {
      const wall = mix(palette.far, palette.near, 0.35 + depth * 0.65);
      const shift = seconds * speed * (0.5 + depth * 1.5);
      for (const building of street) paintBuilding(canvas, building, shift, wall, palette, seconds);
    }
    fillGradient(canvas, [scaleLight(palette.near, 0.8), palette.far], 0.92, 1);
    for (const car of cars) {
      const x = (((car.x + car.speed * seconds) % 1) + 1) % 1;
      const near = car.speed > 0;
      addGlow(canvas, x, near ? 0.975 : 0.945, 0.05, near ? palette.light : [255, 60, 50]);
    }
  };
};

function placeStreet(random: Random, depth: number): Building[] {
  const street: Building[] = [];
  for (let left = 0; left < 2; ) {
    const breadth = random.between(0.06, 0.13) * (0.8 + depth * 0.7);
    const top = random.between(0.18, 0.58) + depth * 0.16;
    const columns = random.whole(3, 6);
    const rows = Math.max(3, Math.round((0.95 - top) * random.between(14, 20)));
    const lit = Array.from({ length: columns * rows }, () => random.chance(0.42));
    street.push({ left, right: left + breadth, top, columns, rows, lit, mast: random.chance(0.3) });
    left += breadth + random.between(0, 0.04);
  }
  return street;
}

function paintBuilding(
  canvas: Canvas,
  building: Building,
  shift: number,
  wall: Rgb,
  palette: Palette,
  seconds: number,
): void {
  const breadth = building.right - building.left;
  const left = ((((building.left + shift + 0.3) % 2) + 2) % 2) - 0.3;
  if (left > 1 || left + breadth < 0) return;
  fillRectangle(canvas, left, building.top, left + breadth, 0.94, wall);
  if (building.mast)
    fillRectangle(canvas, left + breadth * 0.48, building.top - 0.09, left + breadth * 0.52, building.top, wall);
  const stepX = breadth / (building.columns + 0.5);
  const stepY = (0.92 - building.top) / building.rows;
  building.lit.forEach((lit, index) => {
    const blinking = index % 23 === 7 && Math.sin(seconds * 5 + index) > 0;
    if (lit === blinking) return;
    const x = left + stepX * ((index % building.columns) + 0.5);
    const y = building.top + stepY * (Math.floor(index / building.columns) + 0.35);
    const color = index % 5 === 0 ? palette.accents[1] : palette.accents[0];
    fillRectangle(canvas, x, y, x + stepX * 0.55, y + stepY * 0.5, color, 0.9);
  });
}

/** A turning planet with weather, moons that pass in front, and stars. */
export const makePlanet: SceneMaker = (random, palette) => {
  const stars = placeStars(random, 130);
  const place = { x: random.between(0.25, 0.75), y: random.between(0.3, 0.75), radius: random.between(0.34, 0.58) };
  const turn = random.between(0.16, 0.3) * (random.chance(0.5) ? 1 : -1);
  const stretch = random.between(0.5, 2.2);
  const sun = normalise([random.between(-1, 1), random.between(-0.8, 0.4), random.between(0.35, 0.8)]);
  const moons = Array.from({ length: random.whole(2, 4) }, () => ({
    orbit: random.between(0.6, 1.1),
    phase: random.between(0, 6.3),
    speed: random.between(0.5, 1.1),
    radius: random.between(0.03, 0.09),
  }));
  const map = drawMap(createNoise(random), palette, stretch);
  return (canvas, seconds) => {
    fillGradient(canvas, [
      scaleLight(palette.sky[0], 0.5),
      scaleLight(palette.sky[0], 0.8),
      scaleLight(palette.sky[1], 0.5),
    ]);
    paintStars(canvas, stars, seconds);
    addGlow(canvas, place.x, place.y, place.radius * 1.5, scaleLight(palette.accents[1], 0.35));
    paintSphere(canvas, place, sun, map, seconds * turn * 4);
    for (const moon of moons) {
      const angle = moon.phase + moon.speed * seconds;
      const x = place.x + Math.cos(angle) * moon.orbit * 0.6;
      fillDisc(canvas, x, place.y + Math.sin(angle) * 0.28, moon.radius, scaleLight(palette.light, 0.85));
      fillDisc(
        canvas,
        x - sun[0] * 0.014,
        place.y + Math.sin(angle) * 0.28 - sun[1] * 0.014,
        moon.radius * 0.8,
        palette.light,
      );
    }
  };
};

const mapWidth = 768;
const mapHeight = 192;
/** Length of the map along the equator, in units of its noise; half of a sphere shows five of them. */
const mapSpan = 12;

/** The ground, drawn once: noise for each pixel of each frame would take most of a film's time. */
function drawMap(noise: Noise, palette: Palette, stretch: number): Uint8Array {
  const colors = [palette.near, palette.far, palette.accents[0], palette.sky[2]] as const;
  const map = new Uint8Array(mapWidth * mapHeight * 3);
  for (let at = 0; at < mapWidth * mapHeight; at++) {
    const across = ((at % mapWidth) / mapWidth) * mapSpan;
    const down = Math.floor(at / mapWidth) / mapHeight;
    const land = noise.fractal2(across + 60, down * 6 * stretch + 60, 4) * 1.6 - 0.3;
    const height = Math.min(2.999, Math.max(0, land * 3));
    const index = Math.floor(height);
    map.set(mix(colors[index] ?? palette.near, colors[index + 1] ?? palette.far, (height - index) ** 2), at * 3);
  }
  return map;
}

function normalise(vector: readonly [number, number, number]): readonly [number, number, number] {
  const length = Math.hypot(...vector);
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}

function paintSphere(
  canvas: Canvas,
  place: { readonly x: number; readonly y: number; readonly radius: number },
  sun: readonly [number, number, number],
  map: Uint8Array,
  turned: number,
): void {
  const { width, height, pixels } = canvas;
  const reach = place.radius * height;
  const [middleX, middleY] = [place.x * width, place.y * height];
  const lastRow = Math.min(height, Math.ceil(middleY + reach));
  const lastColumn = Math.min(width, Math.ceil(middleX + reach));
  for (let row = Math.max(0, Math.floor(middleY - reach)); row < lastRow; row++) {
    const y = (row + 0.5 - middleY) / reach;
    const mapRow = Math.min(mapHeight - 1, Math.max(0, Math.floor(((y + 1) / 2) * mapHeight))) * mapWidth;
    for (let column = Math.max(0, Math.floor(middleX - reach)); column < lastColumn; column++) {
      const x = (column + 0.5 - middleX) / reach;
      const depth = 1 - x * x - y * y;
      if (depth <= 0) continue;
      const z = Math.sqrt(depth);
      const light = 0.12 + 1.1 * Math.max(0, x * sun[0] + y * sun[1] + z * sun[2]);
      const across = (Math.atan2(x, z) * 1.6 + turned) / mapSpan + 0.5;
      const from = (mapRow + Math.min(mapWidth - 1, Math.max(0, Math.floor(across * mapWidth)))) * 3;
      const at = (row * width + column) * 3;
      pixels[at] = (map[from] ?? 0) * light;
      pixels[at + 1] = (map[from + 1] ?? 0) * light;
      pixels[at + 2] = (map[from + 2] ?? 0) * light;
    }
  }
}

/** A flight through a twisting, tiled tube towards a light. */
export const makeTunnel: SceneMaker = (random, palette) => {
  const noise = createNoise(random);
  const sides = random.whole(3, 7) * 2;
  const speed = random.between(1.2, 2.2);
  const twist = random.between(-1.4, 1.4);
  const orbit = { radius: random.between(0.08, 0.2), speed: random.between(0.7, 1.5), phase: random.between(0, 6.3) };
  const tiles = placeTiles(noise, palette, sides);
  return (canvas, seconds) => {
    const aspect = canvas.width / canvas.height;
    const centreX = 0.5 + Math.cos(orbit.phase + seconds * orbit.speed) * orbit.radius;
    const centreY = 0.5 + Math.sin(orbit.phase + seconds * orbit.speed * 1.3) * orbit.radius * 1.3;
    shadePixels(canvas, (x, y, out) => {
      const dx = (x - centreX) * aspect;
      const dy = y - centreY;
      const depth = 0.45 / (Math.sqrt(dx * dx + dy * dy) + 0.02);
      const along = depth + seconds * speed;
      const round = (Math.atan2(dy, dx) / (2 * Math.PI) + 0.5) * sides + twist * depth * 0.35;
      const ring = Math.floor(along);
      const side = Math.floor(round);
      const seam = along - ring < 0.07 || round - side < 0.06;
      const light = (seam ? 0.35 : 1) * Math.min(1.2, 2.4 / (depth + 0.8));
      const tile = ((ring & (tileRings - 1)) * sides + (((side % sides) + sides) % sides)) * 3;
      const glare = Math.max(0, depth - 3) * 0.12;
      out[0] = (tiles[tile] ?? 0) * light + palette.light[0] * glare;
      out[1] = (tiles[tile + 1] ?? 0) * light + palette.light[1] * glare;
      out[2] = (tiles[tile + 2] ?? 0) * light + palette.light[2] * glare;
    });
  };
};

const tileRings = 64;

/** Colours of the tiles, ring by ring. */
function placeTiles(noise: Noise, palette: Palette, sides: number): Float32Array {
  const colors = [palette.accents[0], palette.far, palette.accents[1], palette.sky[2]] as const;
  const tiles = new Float32Array(tileRings * sides * 3);
  for (let tile = 0; tile < tileRings * sides; tile++) {
    const place = Math.floor(tile / sides) * 7 + (tile % sides) * 3;
    const color = colors[Math.floor(noise.at(place) * 3.999)] ?? palette.far;
    tiles.set(scaleLight(color, 0.55 + 0.6 * noise.at(place * 1.7 + 3.5)), tile * 3);
  }
  return tiles;
}
