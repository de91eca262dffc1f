// Goal: anybody's folders of originals and variants can be measured on, with or without manifests; a variant that lost its
// original is told and never silently counted; clips of one scene are told from mistakes by a stated list alone.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { folderOf, planMaking } from '../../bench/variants/make-variants.ts';
import {
  knownIdOf,
  type MediaFile,
  readMediaFolder,
  readVariantFolder,
  resolveSources,
  spread,
} from '../../bench/variants/media-files.ts';
import { scenesOf } from '../../bench/variants/scenes.ts';

const root = mkdtempSync(join(tmpdir(), 'floodgate-variants-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder with empty files of these names, and a manifest of these lines if there are any. */
function folder(name: string, files: readonly string[], lines: readonly string[] = []): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const file of files) writeFileSync(join(path, file), '');
  if (lines.length > 0) writeFileSync(join(path, 'manifest.jsonl'), lines.join('\n'));
  return path;
}

const file = (id: string, change: Partial<MediaFile> = {}): MediaFile => ({
  id,
  kind: 'video',
  path: `/media/${id}.mp4`,
  contentId: id,
  scenes: [],
  ...change,
});

describe('readMediaFolder', () => {
  it('takes what the manifest says, and leaves out absent files and a line that is cut off', () => {
    const lines = [
      '{"id":"a","file":"a.mp4","content_id":"c","scene_id":"room 1","source":"github:x/marimo"}',
      '{"file":"b.bin","kind":"image"}',
      '{"id":"gone","file":"gone.mp4"}',
      '{"id":"cut","file":"a.m',
    ];
    const path = folder('manifest', ['a.mp4', 'b.bin', 'unnamed.mp4'], lines);
    expect(readMediaFolder(path)).toEqual([
      file('a', { path: join(path, 'a.mp4'), contentId: 'c', scenes: ['scene room 1'] }),
      file('b', { path: join(path, 'b.bin'), kind: 'image' }),
    ]);
  });

  it('takes the media files of a folder without one, and of the folders inside', () => {
    const path = folder('plain', ['b.MKV', 'notes.txt']);
    folder('plain/inside', ['a.webp']);
    expect(readMediaFolder(path).map(({ id, kind }) => `${kind} ${id}`)).toEqual(['video b', 'image a']);
  });

  it('says when there is nothing', () => {
    expect(() => readMediaFolder(folder('empty', []))).toThrow('no media files');
    expect(() => readMediaFolder(join(root, 'absent'))).toThrow('is not there');
  });
});

describe('readVariantFolder', () => {
  const variant = {
    id: 'a-v1',
    file: 'a-v1.mp4',
    source_id: 'a',
    source_file: '/elsewhere/a.mp4',
    group: 'single',
    edits: [{ kind: 'trim', fraction: 0.2 }],
    mapping: [{ out_start: 1, out_end: 3, src_start: 2, src_end: 6, speed: 2 }],
    filler_ids: ['f'],
  };

  it('reads edits, mapping and fillers from every folder inside', () => {
    folder('variants/one', ['a-v1.mp4'], [JSON.stringify(variant)]);
    folder('variants/two', ['b-v0.png'], ['{"file":"b-v0.png","source_id":"b","edits":[]}', '{"file":"b-v']);
    const [first, second] = readVariantFolder(join(root, 'variants'));
    expect(first).toMatchObject({
      id: 'a-v1',
      kind: 'video',
      sourceId: 'a',
      group: 'single',
      edits: [{ kind: 'trim', fraction: 0.2 }],
      mapping: [{ outStart: 1, outEnd: 3, srcStart: 2, srcEnd: 6 }],
      fillerIds: ['f'],
    });
    expect(second).toMatchObject({ id: 'b-v0', kind: 'image', group: 'control', mapping: [], fillerIds: [] });
  });

  it('does not take files for variants that no manifest names', () => {
    expect(() => readVariantFolder(folder('loose', ['a.mp4']))).toThrow('manifest.jsonl');
  });

  it('finds the original by id or by the name of its file, and tells of variants without one', () => {
    const [one] = readVariantFolder(join(root, 'variants', 'one'));
    const [other] = readVariantFolder(join(root, 'variants', 'two'));
    if (one === undefined || other === undefined) throw new Error('no variants');
    const byId = file('a', { path: '/media/x.mp4' });
    const byName = file('other-id', { path: '/media/a.mp4' });
    expect(resolveSources([one, other], [byName, byId])).toEqual({ sourced: new Map([[one, byId]]), orphans: [other] });
    expect(resolveSources([one], [byName]).sourced.get(one)).toBe(byName);
  });
});

describe('spread', () => {
  it('takes so many from the whole of a list', () => {
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 3, 5, 8]);
    expect(spread([1, 2], 5)).toEqual([1, 2]);
    for (let count = 0; count <= 30; count++)
      expect(spread([...Array(29).keys()], count)).toHaveLength(Math.min(29, count));
    expect(spread([1, 2], Number.POSITIVE_INFINITY)).toEqual([1, 2]);
  });
});

describe('knownIdOf', () => {
  it('is printable, without spaces and not too long', () => {
    expect(knownIdOf('Ä b/c')).toBe('%C3%84%20b%2Fc');
    expect(knownIdOf('x'.repeat(1_000)).length).toBeLessThanOrEqual(256);
  });
});

describe('scenesOf', () => {
  it('knows the sets and pairs of the default media, and no others', () => {
    const scenes = (id: string, source: string, sceneId = '') => scenesOf({ id, source, sceneId });
    expect(scenes('pv081-umi-x', 'github:umi-gripper/umi-gripper.github.io')).toEqual([
      'set umi-gripper',
      'pair pv081 pv085',
    ]);
    expect(scenes('pv030-marimo', 'github:marimo-team/marimo')).toEqual(['set marimo']);
    expect(scenes('pv0811', 'github:nerfies/nerfies.github.io')).toEqual([]);
    expect(scenes('pv030-marimo', 'github:marimo-team/marimo', 'desk')).toEqual(['scene desk']);
  });
});

describe('planMaking', () => {
  it('takes the named clips and the first photographs, each with its folder', () => {
    const photographs = ['i1', 'i2', 'i3'].map((id) => file(id, { kind: 'image' }));
    const files = [file('pv0155-other'), file('pv015-imageio'), ...photographs];
    const plans = planMaking(files, ['video', 'image'], 2);
    expect(plans.map((plan) => folderOf(plan, '/cache', 7))).toEqual([
      '/cache/seed-7/videos/pv015',
      '/cache/seed-7/images/i1',
      '/cache/seed-7/images/i2',
    ]);
    expect(planMaking(files, ['image'], 1).map(({ name, count }) => [name, count])).toEqual([['i1', 160]]);
  });
});
