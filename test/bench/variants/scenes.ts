/** What the bench knows of its default media by name: the sources of its variants, and which clips share a scene. */

export interface VideoSource {
  /** The id in the manifest begins with it. */
  readonly key: string;
  readonly scene: string;
  readonly why: string;
}

/** Four kinds of scene, since what a hash sees of an edit depends on how the picture changes by itself. */
export const videoSources: readonly VideoSource[] = [
  { key: 'pv000', scene: 'animated film with cuts', why: 'strong edges, many different pictures in half a minute' },
  { key: 'pv015', scene: 'close-up, hand-held', why: 'one subject, soft background, small motion throughout' },
  { key: 'pv017', scene: 'static surveillance camera', why: 'every frame nearly the same: little to align in time by' },
  { key: 'pv080', scene: 'dash camera in constant motion', why: 'low contrast, the same road in every frame' },
];

/** Repositories whose clips share rooms, robots or screens. */
const sharedSets = ['umi-gripper', 'robotics-transformer2', 'sleap', 'marimo'];

/** Pairs of clips of one scene, by the beginning of their ids. */
const sharedScenes: readonly (readonly string[])[] = [
  ['pv081', 'pv085'],
  ['pv091', 'pv092'],
];

export interface SceneFacts {
  readonly id: string;
  readonly source: string;
  /** The manifest's own word, '' when it has none. */
  readonly sceneId: string;
}

/** Names of the scenes that a clip belongs to. The manifest's `scene_id` stands alone where there is one. */
export function scenesOf({ id, source, sceneId }: SceneFacts): string[] {
  if (sceneId !== '') return [`scene ${sceneId}`];
  const repository = source.split('/').at(-1) ?? '';
  const sets = sharedSets.filter((name) => repository === name || repository === `${name}.github.io`);
  const pairs = sharedScenes.filter((keys) => keys.some((key) => id === key || id.startsWith(`${key}-`)));
  return [...sets.map((name) => `set ${name}`), ...pairs.map((keys) => `pair ${keys.join(' ')}`)];
}
