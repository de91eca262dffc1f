/** Every kind of scene by its name. */
import { makeForest, makeRidges, makeSea } from './landscapes.ts';
import { makeCity, makePlanet, makeTunnel } from './places.ts';
import type { SceneMaker } from './scene.ts';
import { makeGears, makeRibbons, makeSolids, makeSwarm } from './shapes.ts';

export const sceneMakers = {
  ridges: makeRidges,
  sea: makeSea,
  forest: makeForest,
  city: makeCity,
  planet: makePlanet,
  tunnel: makeTunnel,
  solids: makeSolids,
  swarm: makeSwarm,
  ribbons: makeRibbons,
  gears: makeGears,
} as const satisfies Record<string, SceneMaker>;

export type SceneKind = keyof typeof sceneMakers;
