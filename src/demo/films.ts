/**
 * The demo's programme: films cut from seeded scenes, and stills. Known ones go into the bank, the others are only
 * uploaded, and nothing of them may be blocked.
 */
import type { Canvas } from './canvas.ts';
import { createRandom } from './random.ts';
import { type SceneKind, sceneMakers } from './scenes/catalogue.ts';
import { type Painter, type PaletteName, palettes } from './scenes/scene.ts';

export interface Shot {
  readonly kind: SceneKind;
  readonly palette: PaletteName;
}

export interface Film {
  readonly id: string;
  readonly title: string;
  readonly seed: number;
  /** Shots of about two seconds each; their lengths come from the seed. */
  readonly shots: readonly Shot[];
  readonly durationSeconds: number;
}

export interface Still {
  readonly id: string;
  readonly title: string;
  readonly seed: number;
  readonly shot: Shot;
}

const secondsPerShot = 2.2;
/** Scenes move at about the pace of hand-held footage; at their own they would outrun two frames a second. */
const pace = 0.4;

export const knownFilms: readonly Film[] = [
  film('harbour-lights', 'Harbour Lights', 11, ['sea dawn', 'city night', 'swarm orchid', 'sea night']),
  film('iron-morning', 'Iron Morning', 12, ['gears ember', 'ridges dawn', 'solids frost', 'tunnel ember']),
  film('far-orbit', 'Far Orbit', 13, ['planet lagoon', 'swarm night', 'planet ember', 'tunnel lagoon']),
  film('green-mile', 'The Green Walk', 14, ['forest moss', 'ridges noon', 'forest dawn', 'ribbons moss']),
  film('paper-carnival', 'Paper Carnival', 15, ['ribbons orchid', 'gears noon', 'solids orchid', 'city dawn']),
  film('north-pass', 'North Pass', 16, ['ridges frost', 'forest frost', 'sea frost', 'planet frost']),
];

export const unrelatedFilms: readonly Film[] = [
  film('late-tram', 'The Late Tram', 41, ['city orchid', 'tunnel night', 'city ember', 'swarm ember']),
  film('salt-wind', 'Salt Wind', 42, ['sea lagoon', 'ribbons lagoon', 'sea noon', 'ridges lagoon']),
  film('clockmaker', 'The Clockmaker', 43, ['gears moss', 'solids ember', 'gears frost', 'ribbons ember']),
  film('red-planet', 'A Red Planet', 44, ['planet dawn', 'ridges ember', 'planet orchid', 'solids dawn']),
  film('deep-wood', 'Deep Wood', 45, ['forest lagoon', 'swarm moss', 'forest ember', 'planet moss']),
  film('glass-arcade', 'Glass Arcade', 46, ['tunnel orchid', 'solids noon', 'swarm lagoon', 'tunnel noon']),
];

export const knownStills: readonly Still[] = [
  still('still-lighthouse-bay', 'Lighthouse Bay', 71, 'sea ember'),
  still('still-old-quarter', 'The Old Quarter', 72, 'city lagoon'),
  still('still-winter-ridge', 'Winter Ridge', 73, 'ridges frost'),
  still('still-workshop', 'Workshop', 74, 'gears dawn'),
];

export const unrelatedStills: readonly Still[] = [
  still('still-birch-path', 'Birch Path', 91, 'forest noon'),
  still('still-two-moons', 'Two Moons', 92, 'planet night'),
  still('still-bunting', 'Bunting', 93, 'ribbons dawn'),
  still('still-tumbling', 'Tumbling', 94, 'solids lagoon'),
];

type ShotText = `${SceneKind} ${PaletteName}`;

function film(id: string, title: string, seed: number, shots: readonly ShotText[]): Film {
  return { id, title, seed, shots: shots.map(readShot), durationSeconds: shots.length * secondsPerShot };
}

function still(id: string, title: string, seed: number, shot: ShotText): Still {
  return { id, title, seed, shot: readShot(shot) };
}

function readShot(text: ShotText): Shot {
  const [kind, palette] = text.split(' ') as [SceneKind, PaletteName];
  return { kind, palette };
}

/** Throws when there is none of that name. */
export function findFilm(id: string): Film {
  return requireItem([...knownFilms, ...unrelatedFilms], id);
}

/** Throws when there is none of that name. */
export function findStill(id: string): Still {
  return requireItem([...knownStills, ...unrelatedStills], id);
}

function requireItem<T extends { readonly id: string }>(items: readonly T[], id: string): T {
  const found = items.find((item) => item.id === id);
  if (found === undefined) throw new Error(`there is no ${id}; there are ${items.map((item) => item.id).join(', ')}`);
  return found;
}

/** Fills the canvas with the film at that time, which is taken within its duration. */
export function renderFilmFrame(film: Film, seconds: number, canvas: Canvas): void {
  const { painters, cuts } = prepare(film);
  const within = Math.min(Math.max(seconds, 0), film.durationSeconds);
  const index = cuts.filter((cut) => cut <= within).length;
  painters[index]?.(canvas, (within - (cuts[index - 1] ?? 0)) * pace);
}

/** Fills the canvas with the still. */
export function renderStillPixels({ shot, seed }: Still, canvas: Canvas): void {
  makePainter(shot, seed * 1000)(canvas, 1);
}

interface Prepared {
  readonly painters: readonly Painter[];
  /** Seconds at which one shot ends and the next begins. */
  readonly cuts: readonly number[];
}

const prepared = new WeakMap<Film, Prepared>();

function prepare(film: Film): Prepared {
  const known = prepared.get(film);
  if (known !== undefined) return known;
  const random = createRandom(film.seed);
  const cuts = film.shots.slice(1).map((_, index) => (index + 1) * secondsPerShot + random.between(-0.4, 0.4));
  const painters = film.shots.map((shot, index) => makePainter(shot, film.seed * 1000 + index));
  const made = { painters, cuts };
  prepared.set(film, made);
  return made;
}

function makePainter({ kind, palette }: Shot, seed: number): Painter {
  return sceneMakers[kind](createRandom(seed), palettes[palette]);
}
