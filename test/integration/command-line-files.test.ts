/** Goal: the commands that need no service, run as processes: what they print, where, and the code they end with. */

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawClip, drawFrame, encodeClip, encodeImage, openRaw, writeSample } from '../support/media-samples.ts';
import { jsonLines, runCommand } from '../support/run-command.ts';
import { addKnown, Rig } from '../support/service-calls.ts';

const rig = new Rig();
let folder = '';
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await rig.folder();
  const known = drawFrame(320, 240, 0, 1);
  writeSample(folder, 'known.jpg', await encodeImage(known, 'jpeg'));
  writeSample(folder, 'copy.png', await openRaw(known).resize(200, 150).png().toBuffer());
  writeSample(folder, 'other.jpg', await encodeImage(drawFrame(320, 240, 1.3, 5), 'jpeg'));
  writeSample(folder, 'broken.jpg', (await encodeImage(known, 'jpeg')).subarray(0, 300));
  writeSample(folder, 'notes.txt', Buffer.from('These are words and no pictures.'));
  const frames = drawClip(100, 160, 120, 2);
  writeSample(folder, 'known.mp4', encodeClip({ encoder: 'libx264', muxer: 'mp4', frames }));
  writeSample(folder, 'copy.webm', encodeClip({ encoder: 'libvpx', muxer: 'webm', frames: frames.slice(13) }));
});
afterAll(() => rig.close());

describe('floodgate hash', () => {
  it('prints hash and quality of each frame', async () => {
    const { exitCode, stdout } = await runCommand(['hash', file('known.jpg'), file('known.mp4'), '--fps', '1']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/known\.jpg\n {2}0:00\.0 {2}[0-9a-f]{64} {2}quality {1,3}\d+\n/);
    expect(stdout.match(/quality/g)).toHaveLength(1 + 4);
  });

  it('prints one object a file as JSON', async () => {
    const result = await runCommand(['hash', file('known.jpg'), file('known.mp4'), '--sparse', '--json']);
    expect(result.exitCode).toBe(0);
    const [image, clip] = jsonLines<{ frames: { timeMs: number; hash: string }[] }>(result);
    expect(image).toMatchObject({
      file: file('known.jpg'),
      media: { kind: 'image', width: 320, height: 240 },
      durationMs: 0,
    });
    expect(clip).toMatchObject({ media: { kind: 'video', codec: 'h264' }, durationMs: 4000 });
    const times = clip?.frames.map((frame) => frame.timeMs) ?? [];
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('hashes what it can, names what it cannot, and ends with the code of the first failure', async () => {
    const { exitCode, stdout, stderr } = await runCommand([
      'hash',
      file('notes.txt'),
      file('known.jpg'),
      file('broken.jpg'),
    ]);
    expect(exitCode).toBe(5);
    expect(stdout).toContain('known.jpg');
    expect(stderr).toContain('notes.txt: not a type that is accepted');
    expect(stderr).toContain('broken.jpg: ');
    expect(stderr).toContain('2 of 3 could not be hashed');
  });

  it.each(['absent.jpg', '.'])('says that %s is not a file', async (name) => {
    const { exitCode, stderr } = await runCommand(['hash', file(name)]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('is not a file');
  });

  it('ends with 130 when it is interrupted, however far it is', async () => {
    const files = Array.from({ length: 50 }, () => file('known.mp4'));
    const { exitCode, stderr } = await runCommand(['hash', '--json', ...files], { interruptWhen: (out) => out !== '' });
    expect(exitCode).toBe(130);
    expect(stderr).not.toContain('SIGINT');
  });

  it('ends quietly when its reader goes away', async () => {
    const files = Array.from({ length: 3 }, () => file('known.mp4'));
    const { exitCode, stderr } = await runCommand(['hash', '--json', ...files], { closeOutputAfterBytes: 1 });
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain('EPIPE');
  });
});

describe('floodgate check', () => {
  it('matches copies with evidence and leaves others alone', async () => {
    const known = ['--known', file('known.jpg'), file('known.mp4')];
    const { exitCode, stdout } = await runCommand([
      'check',
      file('copy.png'),
      file('other.jpg'),
      file('copy.webm'),
      ...known,
    ]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/BLOCK +\S*copy\.png +matched\n +≈ \S*known\.jpg +1 frame · distance \d+\/256/);
    expect(stdout).toMatch(/ALLOW +\S*other\.jpg +no_match\n/);
    expect(stdout).toMatch(
      /BLOCK +\S*copy\.webm +matched\n +upload [░▓]+ 0:00\.0–\S+\n +known +[░▓]+ 0:00\.[5-6]–\S+ of \S*known\.mp4/,
    );
  });

  it('knows the very bytes', async () => {
    const result = await runCommand(['check', file('known.mp4'), '--known', file('known.mp4'), '--json']);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result)).toMatchObject([{ outcome: 'block', reason: 'exact_copy', matches: [{ kind: 'exact' }] }]);
  });

  it('compares files among each other, never with themselves', async () => {
    const unlike = await runCommand(['check', file('known.jpg'), file('other.jpg'), '--json']);
    expect(unlike.exitCode).toBe(0);
    expect(jsonLines(unlike)).toMatchObject([{ reason: 'no_match' }, { reason: 'no_match' }]);
    const alike = await runCommand(['check', file('known.jpg'), file('copy.png'), '--json']);
    expect(alike.exitCode).toBe(1);
    expect(jsonLines<{ matches: { contentId: string }[] }>(alike).map(({ matches }) => matches[0]?.contentId)).toEqual([
      file('copy.png'),
      file('known.jpg'),
    ]);
  });

  it('matches against the bank of a stopped service, and leaves it as it is', async () => {
    const data = await rig.folder();
    const served = await rig.serve(data);
    const bytes = await encodeImage(drawFrame(320, 240, 0, 1), 'jpeg');
    await addKnown(served.url, bytes, { contentId: 'incident-42' });
    const busy = await runCommand(['check', file('copy.png'), '--data', data]);
    expect(busy.exitCode).toBe(6);
    expect(busy.stderr).toContain('is in use by another process');
    expect(await served.stop('SIGTERM')).toBe(0);
    const result = await runCommand(['check', file('copy.png'), '--data', data, '--json']);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result)).toMatchObject([{ outcome: 'block', matches: [{ contentId: 'incident-42' }] }]);
    const both = await runCommand(['check', file('copy.png'), '--data', data, '--known', file('known.mp4')]);
    expect(both.exitCode).toBe(2);
  });

  it('refuses a folder without a bank instead of finding nothing in it', async () => {
    const data = file('misspelt');
    const { exitCode, stderr } = await runCommand(['check', file('copy.png'), '--data', data]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain(data);
    expect(existsSync(data)).toBe(false);
  });

  it('wants something to compare with', async () => {
    expect((await runCommand(['check', file('known.jpg')])).exitCode).toBe(2);
    expect((await runCommand(['check', file('absent.jpg'), file('known.jpg')])).exitCode).toBe(4);
  });

  it('goes by the policy that is named', async () => {
    const policy = file('observe.json');
    await writeFile(policy, JSON.stringify({ mode: 'observe' }));
    const result = await runCommand(['check', file('known.jpg'), file('copy.png'), '--policy', policy, '--json']);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result)).toMatchObject([{ outcome: 'allow' }, { outcome: 'allow' }]);
  });
});

describe('the program', () => {
  it.each([
    [['--version'], 0, 'stdout', '0.'],
    [['frobnicate'], 2, 'stderr', "unknown command 'frobnicate'"],
    [['hash', '--fps', '99', 'x'], 2, 'stderr', '--fps takes a whole number from 1 to 8'],
    [['policy', 'show', '--file', 'absent.json'], 2, 'stderr', 'the policy file absent.json cannot be read'],
  ] as const)('answers %j with exit code %i', async (args, code, stream, text) => {
    const result = await runCommand([...args]);
    expect(result.exitCode).toBe(code);
    expect(result[stream]).toContain(text);
  });

  it('names the field of a policy that is wrong', async () => {
    const policy = file('wrong.json');
    await writeFile(policy, JSON.stringify({ block: { closeFramesMin: 'many' } }));
    const { exitCode, stderr } = await runCommand(['policy', 'show'], { environment: { FLOODGATE_POLICY: policy } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('/block/closeFramesMin');
  });

  it('colours when it is told to, and not into a pipe', async () => {
    const colour = '\x1b[';
    const show = (environment: Record<string, string>) => runCommand(['config', 'print'], { environment });
    expect((await show({})).stdout).not.toContain(colour);
    expect((await show({ FORCE_COLOR: '1' })).stdout).toContain(colour);
    expect((await show({ NO_COLOR: '1' })).stdout).not.toContain(colour);
  });
});
