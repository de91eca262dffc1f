/** Seeded randomness and smooth noise: the same seed draws the same film on every machine. */

export interface Random {
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** A whole number from low to high, both included. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32, by Tommy Ettinger (public domain): 32 bits of state are plenty for pictures. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bf03635;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + next() * (high - low);
  const whole = (low: number, high: number): number => Math.floor(between(low, high + 1));
  return {
    between,
    whole,
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[whole(0, items.length - 1)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}

/** Value noise in 0..1 with a period of 256; neighbouring lattice points are joined smoothly. */
export interface Noise {
  at(x: number): number;
  at2(x: number, y: number): number;
  /** Sum of `octaves` noises, each of twice the frequency and half the weight; 0..1. */
  fractal(x: number, octaves: number): number;
  fractal2(x: number, y: number, octaves: number): number;
}

export function createNoise(random: Random): Noise {
  const lattice = Float32Array.from({ length: 256 }, () => random.between(0, 1));
  const shuffle = Uint8Array.from({ length: 256 }, () => random.whole(0, 255));
  const value = (index: number): number => lattice[index & 255] ?? 0;
  const corner = (column: number, row: number): number => value(column + (shuffle[row & 255] ?? 0));
  const ease = (part: number): number => part * part * (3 - 2 * part);

  function at(x: number): number {
    const floor = Math.floor(x);
    const low = value(floor);
    return low + (value(floor + 1) - low) * ease(x - floor);
  }
  function at2(x: number, y: number): number {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const across = ease(x - column);
    const top = corner(column, row) * (1 - across) + corner(column + 1, row) * across;
    const bottom = corner(column, row + 1) * (1 - across) + corner(column + 1, row + 1) * across;
    return top + (bottom - top) * ease(y - row);
  }
  function sumOctaves(octaves: number, sample: (frequency: number, shift: number) => number): number {
    let sum = 0;
    let weight = 0.5;
    for (let octave = 0; octave < octaves; octave++) {
      sum += weight * sample(2 ** octave, octave * 17.3);
      weight /= 2;
    }
    return sum / (1 - 2 ** -octaves);
  }
  return {
    at,
    at2,
    fractal: (x, octaves) => sumOctaves(octaves, (frequency, shift) => at(x * frequency + shift)),
    fractal2: (x, y, octaves) =>
      sumOctaves(octaves, (frequency, shift) => at2(x * frequency + shift, y * frequency + shift)),
  };
}
