// Goal: any folder with manifests of that form can be measured on, however gappy; and what counts as a false block is
// decided by a rule that cannot excuse unrelated content.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadMediaSet, type MediaItem, relate, resolveMediaFolder } from '../../bench/media-set.ts';

const folder = mkdtempSync(join(tmpdir(), 'floodgate-media-set-'));
afterAll(() => rmSync(folder, { recursive: true }));

function item(change: Partial<MediaItem>): MediaItem {
  return {
    id: 'a',
    kind: 'video',
    path: '/media/a.mp4',
    contentId: 'ca',
    source: 'repo/one',
    subject: 'screen',
    durationSeconds: 3,
    width: 0,
    height: 0,
    ...change,
  };
}

describe('loadMediaSet', () => {
  it('reads what is there, and leaves out broken lines and absent files', () => {
    mkdirSync(join(folder, 'videos'));
    writeFileSync(join(folder, 'videos', 'one.mp4'), '');
    const lines = [
      '{"id":"v1","file":"one.mp4","content_id":"c1","source":"s","content":"screen","duration":2.5,"width":64,"height":32}',
      '{"file":"one.mp4","duration":null}',
      '{"id":"v3","file":"absent.mp4"}',
      'not json',
      '[]',
      '',
    ];
    writeFileSync(join(folder, 'videos', 'manifest.jsonl'), lines.join('\n'));
    const { videos, images } = loadMediaSet(folder);
    expect(images).toEqual([]);
    expect(videos).toEqual([
      item({
        id: 'v1',
        contentId: 'c1',
        path: join(folder, 'videos', 'one.mp4'),
        source: 's',
        durationSeconds: 2.5,
        width: 64,
        height: 32,
      }),
      item({
        id: 'one.mp4',
        contentId: 'one.mp4',
        path: join(folder, 'videos', 'one.mp4'),
        source: '',
        subject: '',
        durationSeconds: 0,
      }),
    ]);
  });

  it('says what is missing when a folder has no manifest', () => {
    expect(() => loadMediaSet(join(folder, 'videos'))).toThrow(/set FLOODGATE_MEDIA/);
  });

  it('looks beside the repository by default', () => {
    expect(resolveMediaFolder(undefined)).toMatch(/shared\/media$/);
    expect(resolveMediaFolder(folder)).toBe(folder);
  });
});

describe('relate', () => {
  it('knows the same content by its id', () => {
    expect(relate(item({ id: 'a' }), item({ id: 'b', source: 'repo/two' }))).toBe('same-content');
  });

  it('takes clips of one repository and one narrow subject for one scene', () => {
    expect(relate(item({}), item({ contentId: 'cb' }))).toBe('same-scene');
    expect(relate(item({}), item({ contentId: 'cb', subject: 'robot-table' }))).toBe('unrelated');
    expect(relate(item({}), item({ contentId: 'cb', source: 'repo/two' }))).toBe('unrelated');
  });

  it('excuses nothing of a vague subject, of an unknown source, or among photographs', () => {
    const natural = { subject: 'natural' };
    expect(relate(item(natural), item({ contentId: 'cb', ...natural }))).toBe('unrelated');
    expect(relate(item({ source: '' }), item({ contentId: 'cb', source: '' }))).toBe('unrelated');
    expect(relate(item({ kind: 'image' }), item({ contentId: 'cb', kind: 'image' }))).toBe('unrelated');
  });
});
