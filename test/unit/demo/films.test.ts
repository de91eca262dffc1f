// Goal: the demo's films are the same on every machine, fit for matching, and never mistaken for each other.
import { describe, expect, it } from 'vitest';
import { createCanvas } from '../../../src/demo/canvas.ts';
import {
  type Film,
  findFilm,
  findStill,
  knownFilms,
  knownStills,
  renderFilmFrame,
  renderStillPixels,
  unrelatedFilms,
  unrelatedStills,
} from '../../../src/demo/films.ts';
import { createHasher } from '../../../src/kernel/load-kernel.ts';

const hasher = createHasher();
const canvas = createCanvas(256, 144);
const films = [...knownFilms, ...unrelatedFilms];

interface Look {
  readonly hash: Uint8Array;
  readonly quality: number;
}

function look(film: Film, seconds: number): Look {
  renderFilmFrame(film, seconds, canvas);
  return hashCanvas();
}

function hashCanvas(): Look {
  hasher.frameBuffer(canvas.width, canvas.height, 3).set(canvas.pixels);
  return hasher.hash();
}

function distanceBits(one: Uint8Array, other: Uint8Array): number {
  let bits = 0;
  one.forEach((byte, index) => {
    for (let rest = byte ^ (other[index] ?? 0); rest > 0; rest &= rest - 1) bits += 1;
  });
  return bits;
}

const looks = films.map((film) => {
  const times = Array.from({ length: Math.floor(film.durationSeconds / 0.8) }, (_, index) => 0.3 + index * 0.8);
  return times.map((seconds) => look(film, seconds));
});

describe('the films of the demo', () => {
  it('offers six known and six unrelated films under different names', () => {
    expect(knownFilms.length).toBeGreaterThanOrEqual(6);
    expect(unrelatedFilms.length).toBeGreaterThanOrEqual(6);
    expect(new Set(films.map((film) => film.id)).size).toBe(films.length);
  });

  it('draws the same picture again from the same seed', () => {
    const film = findFilm('harbour-lights');
    renderFilmFrame(film, 3, canvas);
    const before = Buffer.from(canvas.pixels);
    renderFilmFrame(film, 6, canvas);
    expect(Buffer.from(canvas.pixels).equals(before)).toBe(false);
    // A copy of the film has no scenes made yet, so nothing is carried over from the first drawing.
    renderFilmFrame({ ...film }, 3, canvas);
    expect(Buffer.from(canvas.pixels).equals(before)).toBe(true);
  });

  it('draws other pictures from another seed', () => {
    const film = findFilm('green-mile');
    expect(distanceBits(look(film, 1).hash, look({ ...film, seed: 999 }, 1).hash)).toBeGreaterThan(60);
  });

  it('has frames of good quality throughout', () => {
    expect(Math.min(...looks.flat().map((frame) => frame.quality))).toBeGreaterThanOrEqual(60);
  });

  it('keeps frames of different films far apart', () => {
    const nearest = looks.flatMap((frames, index) =>
      looks
        .slice(index + 1)
        .flatMap((others) => frames.flatMap((frame) => others.map((other) => distanceBits(frame.hash, other.hash)))),
    );
    expect(Math.min(...nearest)).toBeGreaterThan(75);
  });

  it('moves: a second later the picture is another one', () => {
    for (const film of films) expect(distanceBits(look(film, 0.4).hash, look(film, 1.4).hash)).toBeGreaterThan(8);
  });

  it('shows the same scene at another size', () => {
    const film = findFilm('paper-carnival');
    const small = look(film, 5);
    const large = createCanvas(512, 288);
    renderFilmFrame(film, 5, large);
    hasher.frameBuffer(large.width, large.height, 3).set(large.pixels);
    expect(distanceBits(small.hash, hasher.hash().hash)).toBeLessThan(31);
  });
});

describe('the stills of the demo', () => {
  it('have good quality and are far apart', () => {
    const hashes = [...knownStills, ...unrelatedStills].map((still) => {
      renderStillPixels(still, canvas);
      return hashCanvas();
    });
    expect(Math.min(...hashes.map((still) => still.quality))).toBeGreaterThanOrEqual(60);
    hashes.forEach((still, index) => {
      for (const other of hashes.slice(index + 1)) expect(distanceBits(still.hash, other.hash)).toBeGreaterThan(75);
    });
  });

  it('names what there is when asked for what there is not', () => {
    expect(() => findStill('still-nothing')).toThrow(/there is no still-nothing; there are still-/);
  });
});
