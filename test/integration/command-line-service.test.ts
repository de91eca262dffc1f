/** Goal: the commands that talk to a service, as processes against a served one that asks for a token. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BankContent } from '../../src/contracts/bank.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { startOrigin } from '../support/loopback-origin.ts';
import { drawFrame, openRaw, writeSample } from '../support/media-samples.ts';
import { type CommandRun, jsonLines, runCommand } from '../support/run-command.ts';
import type { ServedProcess } from '../support/served-process.ts';
import { picture, Rig } from '../support/service-calls.ts';

const token = 'a-token-of-some-length';
const rig = new Rig();
let folder = '';
let served: ServedProcess;
const file = (name: string) => join(folder, name);

function floodgate(args: readonly string[], run: CommandRun = {}) {
  const environment = { FLOODGATE_URL: served.url, FLOODGATE_TOKEN: token, ...run.environment };
  return runCommand(args, { ...run, environment });
}

beforeAll(async () => {
  folder = await rig.folder();
  writeSample(folder, 'known.jpg', await picture(1));
  writeSample(folder, 'other.jpg', await picture(5));
  writeSample(
    folder,
    'copy.png',
    await openRaw(drawFrame(256, 192, 0.9, 1))
      .resize(180)
      .png()
      .toBuffer(),
  );
  writeSample(folder, 'notes.txt', Buffer.from('These are words and no pictures.'));
  served = await rig.serve(await rig.folder(), { FLOODGATE_TOKENS: token });
});
afterAll(() => rig.close());

describe('known content', () => {
  it('is added with its labels, listed, stops copies, and is removed', async () => {
    const labels = ['--label', 'incident 42', '--label', 'urgent'];
    const added = await floodgate(['bank', 'add', file('known.jpg'), '--bank', 'shared', '--json', ...labels]);
    expect(added.exitCode).toBe(0);
    const content = { contentId: 'known.jpg', bank: 'shared', labels: ['incident 42', 'urgent'], kind: 'image' };
    expect(jsonLines(added)).toMatchObject([content]);
    expect(jsonLines(await floodgate(['bank', 'list', '--json']))).toMatchObject([content]);
    const table = await floodgate(['bank', 'list', '--bank', 'shared']);
    expect(table.stdout).toMatch(/^content .*\nknown\.jpg +shared +image +1 +1 +incident 42,urgent\n$/);
    expect((await floodgate(['bank', 'list', '--bank', 'elsewhere', '--json'])).stdout).toBe('');

    const copy = await floodgate(['submit', file('copy.png'), '--json']);
    expect(copy.exitCode).toBe(1);
    expect(jsonLines<Decision>(copy)).toMatchObject([
      { outcome: 'block', matches: [content.labels].map((labels) => ({ labels })) },
    ]);

    const removed = await floodgate(['bank', 'remove', 'known.jpg']);
    expect(removed).toMatchObject({ exitCode: 0, stdout: 'removed known.jpg\n' });
    expect((await floodgate(['submit', file('copy.png')])).exitCode).toBe(0);
  });

  it('is added as far as possible, and what fails is named', async () => {
    const sources = [file('notes.txt'), file('absent.jpg'), file('.'), file('other.jpg')];
    const { exitCode, stderr, stdout } = await floodgate(['bank', 'add', ...sources]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('notes.txt: not a type that is accepted');
    expect(stderr.match(/is not a file/g)).toHaveLength(2);
    expect(stderr).toContain('other.jpg: image, 1 frame indexed');
    expect(stderr).toContain('3 of 4 could not be added');
    expect(stdout).toBe('');
    const named = await floodgate(['bank', 'add', file('other.jpg'), '--id', 'incident/7', '--json']);
    expect(jsonLines<BankContent>(named)).toMatchObject([{ contentId: 'incident/7' }]);
    expect((await floodgate(['bank', 'remove', 'incident/7', 'other.jpg'])).exitCode).toBe(0);
  });

  it('cannot be removed when it is not there, and one id is for one source', async () => {
    const absent = await floodgate(['bank', 'remove', 'nobody-knows-it']);
    expect(absent.exitCode).toBe(4);
    expect(absent.stderr).toContain('nobody-knows-it');
    expect((await floodgate(['bank', 'add', '--id', 'x', 'a.jpg', 'b.jpg'])).exitCode).toBe(2);
  });
});

describe('uploads', () => {
  it('are submitted one after the other, and the worst decides the exit code', async () => {
    const { exitCode, stdout } = await floodgate(['submit', file('other.jpg'), file('notes.txt')]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/ALLOW +other\.jpg-\S+ +nothing known comes close · \d+ ms\n/);
    expect(stdout).toMatch(/REVIEW +notes\.txt-\S+ +/);
  });

  it.each([
    ['absent.jpg', 4, 'is not a file'],
    ['.', 4, 'is not a file'],
  ])('fail before they are sent: %s', async (name, code, text) => {
    const { exitCode, stderr } = await floodgate(['submit', file(name)]);
    expect(exitCode).toBe(code);
    expect(stderr).toContain(text);
  });

  it('may be given an id, and need not be waited for', async () => {
    const result = await floodgate(['submit', file('other.jpg'), '--id', 'upload/1', '--wait', '0', '--json']);
    expect(result.exitCode).toBe(0);
    expect(jsonLines(result)).toEqual([{ uploadId: 'upload/1', pending: true }]);
    await expect
      .poll(async () => (await floodgate(['decisions', '--json'])).stdout, { timeout: 15_000 })
      .toContain('"uploadId":"upload/1"');
  });

  it('at an address that may not be fetched from are held for review', async () => {
    const result = await floodgate(['submit', 'http://127.0.0.1:9/x.mp4', '--json']);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result)).toMatchObject([{ outcome: 'review', reason: 'forbidden_source' }]);
  });
});

describe('decisions', () => {
  it('are listed, the newest last', async () => {
    await floodgate(['submit', file('other.jpg'), '--id', 'first']);
    await floodgate(['submit', file('notes.txt'), '--id', 'second']);
    const latest = await floodgate(['decisions', '--limit', '2', '--json']);
    expect(jsonLines<Decision>(latest).map(({ uploadId }) => uploadId)).toEqual(['first', 'second']);
    const held = await floodgate(['decisions', '--outcome', 'review', '--limit', '1']);
    expect(held.stdout).toMatch(/REVIEW second/);
    const wrong = await floodgate(['decisions', '--outcome', 'reviewed']);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('/query/outcome');
  });

  it('are followed as they are made, until Ctrl-C', async () => {
    const following = floodgate(['decisions', '--follow', '--limit', '1', '--json'], {
      interruptWhen: (stdout) => stdout.includes('"followed"'),
    });
    const submitted = await floodgate(['submit', file('other.jpg'), '--id', 'followed']);
    expect(submitted.exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await following;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.match(/"uploadId":"followed"/g)).toHaveLength(1);
  });
});

describe('a service', () => {
  it('that wants a token answers nobody without it', async () => {
    for (const environment of [{ FLOODGATE_TOKEN: '' }, { FLOODGATE_TOKEN: 'a-token-of-another-kind' }]) {
      const { exitCode, stderr } = await floodgate(['bank', 'list'], { environment });
      expect(exitCode).toBe(3);
      expect(stderr).toContain('Authorization: Bearer');
    }
  });

  it('that wants a token says so to a client that sends much', async () => {
    writeSample(folder, 'large.bin', Buffer.alloc(20_000_000));
    const { exitCode, stderr } = await floodgate(['submit', file('large.bin')], {
      environment: { FLOODGATE_TOKEN: '' },
    });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('Authorization: Bearer');
  });

  it('that is not there is missed in plain words', async () => {
    const origin = await startOrigin(() => {});
    await origin.close();
    const { exitCode, stderr } = await runCommand(['submit', file('other.jpg'), '--url', origin.url]);
    expect(exitCode).toBe(6);
    expect(stderr).toBe(`floodgate: no service answers at ${origin.url}; is "floodgate serve" running?\n`);
  });

  it('needs an address that is one', async () => {
    const { exitCode, stderr } = await runCommand(['bank', 'list', '--url', 'localhost:8080']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('localhost:8080 is not an address');
  });

  it('that ends takes its followers along, and they say why', async () => {
    const other = await rig.serve(await rig.folder());
    const line = '"last-words"';
    const following = runCommand(['decisions', '--follow', '--json'], {
      environment: { FLOODGATE_URL: other.url },
      interruptWhen: (stdout) => {
        if (stdout.includes(line)) void other.stop('SIGTERM');
        return false;
      },
    });
    await runCommand(['submit', file('other.jpg'), '--id', 'last-words', '--url', other.url]);
    const { exitCode, stderr } = await following;
    expect(exitCode).toBe(6);
    expect(stderr).toContain('ended the stream');
  });
});
