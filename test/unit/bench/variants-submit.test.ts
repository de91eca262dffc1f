import { describe, expect, it } from 'vitest';
import type { MediaFile, Variant } from '../../bench/variants/media-files.ts';
import { planBanked, planVariants, planWithoutSource } from '../../bench/variants/submit.ts';

const fileOf = (id: string, contentId = id): MediaFile => ({
  id,
  kind: 'video',
  path: `/media/${id}.mp4`,
  contentId,
  scenes: [],
});
const files = [
  fileOf('film'),
  fileOf('film-again', 'film'),
  fileOf('filler'),
  fileOf('filler-again', 'filler'),
  fileOf('other'),
];
const banked = new Map(files.map((file) => [file.id, file]));
const variantOf = (fillerIds: readonly string[]): Variant => ({
  id: 'film-v1',
  kind: 'video',
  path: '/variants/film-v1.mp4',
  sourceId: 'film',
  sourceFile: 'film.mp4',
  group: 'single',
  edits: [{ kind: 'embed' }],
  mapping: [],
  fillerIds,
});

describe('uploads of the bench on variants', () => {
  const hiddenOf = (fillerIds: readonly string[]) =>
    planVariants(new Map([[variantOf(fillerIds), fileOf('film')]]), banked)[0]?.hidden;

  it('are matched without their fillers, and with what they are made of', () => {
    expect(hiddenOf([])).toEqual([]);
    expect(hiddenOf(['filler'])).toEqual(['filler', 'filler-again']);
    expect(hiddenOf(['not-banked'])).toEqual([]);
    // A film cut into itself is no filler.
    expect(hiddenOf(['film-again'])).toEqual([]);
  });

  it('are matched without what they are made of as well, to see how near other content comes', () => {
    const [upload] = planWithoutSource(new Map([[variantOf(['filler']), fileOf('film')]]), banked);
    expect(upload?.hidden).toEqual(['filler', 'filler-again', 'film', 'film-again']);
  });

  it('are matched without their own content, where they are the banked files themselves', () => {
    const [upload] = planBanked([fileOf('film')], banked);
    expect(upload?.hidden).toEqual(['film', 'film-again']);
  });
});
