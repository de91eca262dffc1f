import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { getPriority, platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';
import { describeSandbox } from '../../src/fingerprint/sandbox.ts';
import { type FingerprintRig, openFingerprintRig, sparse, twoPerSecond } from '../support/fingerprint-rig.ts';
import { drawClip, drawFrame, encodeClip, encodeImage } from '../support/media-samples.ts';

/** Long enough in frames that a child is still at work when the test strikes. */
const drawn = drawClip(40, 96, 72);
const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', framesPerSecond: 2, gop: 4, frames: drawn });

/** Most tests share one pool of one child; those that want other bounds, or end theirs, open their own. */
const shared = openFingerprintRig();
let rig = shared;
afterEach(async () => {
  if (rig !== shared) await rig.close();
  rig = shared;
  shared.restarts.length = 0;
});
afterAll(() => shared.close());

function pidOf(open: FingerprintRig): number {
  const [pid] = open.fingerprinter.pids;
  if (pid === undefined) throw new Error('no child is up');
  return pid;
}

describe('a child that dies', () => {
  it('costs its job one retry in a fresh child', async () => {
    let struck = 0;
    let restarted = 0;
    const frames: number[] = [];
    const { result } = await rig.sample(clip, twoPerSecond, {
      onFrame: ({ timeMs }) => {
        if (struck++ === 0) process.kill(pidOf(rig), 'SIGKILL');
        frames.push(timeMs);
        return 'more';
      },
      onRestart: () => {
        restarted++;
        frames.length = 0;
      },
    });
    expect(restarted).toBe(1);
    expect(result.framesSampled).toBe(40);
    expect(frames).toHaveLength(40);
    expect(rig.restarts).toEqual(['crash']);
  });

  it('twice makes the content undecodable, and costs the next job nothing', async () => {
    const refused = rig.refusal(clip, twoPerSecond, {
      onFrame: () => {
        process.kill(pidOf(rig), 'SIGKILL');
        return 'more';
      },
    });
    const next = rig.sample(await encodeImage(drawFrame(64, 64, 0), 'png'), sparse);
    expect(await refused).toBe('undecodable: the decoder crashed twice');
    expect((await next).frames).toHaveLength(1);
  });
});

describe('a child that hangs', () => {
  it('without a word costs its job one retry', async () => {
    await rig.sample(clip, sparse);
    process.kill(pidOf(rig), 'SIGSTOP');
    const { result } = await rig.sample(clip, sparse, { timeoutMs: 2_000 });
    expect(result.complete).toBe(true);
    expect(rig.restarts).toEqual(['timeout']);
  });

  it('after it was heard from has used up its time', async () => {
    const refused = await rig.refusal(clip, twoPerSecond, {
      timeoutMs: 2_000,
      onFrame: () => {
        process.kill(pidOf(rig), 'SIGSTOP');
        return 'more';
      },
    });
    expect(refused).toBe('timed_out: decoding took longer than 2000 ms');
    expect(rig.restarts).toEqual(['timeout']);
  });

  it('after "enough" does not lose what was found', async () => {
    const { result } = await rig.sample(clip, twoPerSecond, {
      onFrame: () => {
        process.kill(pidOf(rig), 'SIGSTOP');
        return 'enough';
      },
    });
    expect(result).toMatchObject({ complete: false, media: { kind: 'unknown' } });
  });
});

describe('a child that takes too much', () => {
  it('memory is killed, and the content is too large', async () => {
    // Less than a child has when it does nothing: the first look at a working child is over the bound.
    rig = openFingerprintRig(1, { memoryBytesMax: 20 * 2 ** 20 });
    const long = encodeClip({ encoder: 'libx265', muxer: 'mp4', frames: drawClip(12, 640, 480), gop: 12 });
    const refused = await rig.refusal(long, twoPerSecond, {
      onFrame: () => {
        // Keeps it at work until the next look.
        process.kill(pidOf(rig), 'SIGSTOP');
        return 'more';
      },
    });
    expect(refused).toBe('too_large: decoding needs more than 20 MiB of memory');
    expect(rig.restarts).toEqual(['memory', 'memory']);
  });

  it('jobs is replaced by a fresh one', async () => {
    rig = openFingerprintRig(1, { jobsBeforeRecycle: 2 });
    const image = await encodeImage(drawFrame(64, 64, 0), 'png');
    const pids: number[] = [];
    for (let job = 0; job < 4; job++) await rig.sample(image, sparse, { onRestart: () => pids.push(-1) });
    expect(rig.restarts[0]).toBe('recycle');
    expect(pids).toEqual([]);
  });
});

describe('a caller', () => {
  it('that has enough gets its answer at once, and the child is free again', async () => {
    let frames = 0;
    const { result } = await rig.sample(clip, twoPerSecond, {
      onFrame: () => {
        frames++;
        return 'enough';
      },
    });
    expect(frames).toBe(1);
    expect(result.complete).toBe(false);
    expect(result.framesSampled).toBeLessThan(40);
    expect((await rig.sample(clip, twoPerSecond)).frames).toHaveLength(40);
    expect(rig.restarts).toEqual([]);
  });

  it('can abort a job at work and one in the queue', async () => {
    const abort = new AbortController();
    const { signal } = abort;
    const working = rig.refusal(clip, twoPerSecond, {
      signal,
      onFrame: () => {
        abort.abort(new Error('not wanted any more'));
        return 'more';
      },
    });
    const queued = rig.refusal(clip, sparse, { signal });
    expect(await working).toMatch('not wanted any more');
    expect(await queued).toMatch('not wanted any more');
    expect((await rig.sample(clip, sparse)).result.complete).toBe(true);
  });

  it('whose own code throws gets its own error', async () => {
    const refused = await rig.refusal(clip, sparse, {
      onFrame: () => {
        throw new Error('a fault of the pipeline');
      },
    });
    expect(refused).toMatch('a fault of the pipeline');
  });

  it('that closes ends every job with a clear reason', async () => {
    rig = openFingerprintRig();
    expect(rig.fingerprinter.unready()).toBe('the decoders are starting');
    const waiting = [rig.refusal(clip, twoPerSecond), rig.refusal(clip, sparse)];
    await rig.fingerprinter.close();
    expect(await Promise.all(waiting)).toEqual(Array(2).fill('internal: the fingerprinter is closed'));
    expect(rig.fingerprinter.unready()).toBe('the fingerprinter is closed');
  });
});

describe('the self-test', () => {
  it('passes on a sound machine', async () => {
    await expect(rig.fingerprinter.selfTest()).resolves.toBeUndefined();
    expect(rig.fingerprinter.unready()).toBeNull();
  });
});

describe.runIf(platform() === 'linux')('a child on Linux', () => {
  it('has neither environment nor network', async () => {
    await rig.sample(clip, sparse);
    const of = (file: string) => readFileSync(`/proc/${pidOf(rig)}/${file}`, 'latin1');
    expect(of('environ')).toBe('MALLOC_ARENA_MAX=2\0');
    expect(readlinkSync(`/proc/${pidOf(rig)}/cwd`)).toBe('/');
    const interfaces = of('net/dev').split('\n').slice(2).filter(Boolean);
    const isCutOff = describeSandbox().measures.includes('no network');
    expect(interfaces.length === 1 && interfaces[0]?.trim().startsWith('lo:')).toBe(isCutOff);
  });

  it('yields to the service', async () => {
    await rig.sample(clip, sparse);
    const yields = describeSandbox().measures.includes('yields to the service');
    const niceness = getPriority(pidOf(rig)) - getPriority();
    expect(niceness > 0).toBe(yields);
  });

  // Goal: `kill -9` of the parent leaves nothing behind, not even a child that hangs.
  it('dies with its parent', async () => {
    const pool = builtFile('src/fingerprint/child-pool.js');
    const script = `
      import { createFingerprinter } from ${JSON.stringify(pool)};
      const ignore = () => {};
      const pool = createFingerprinter({ processes: 2, telemetry: { warned: ignore, childPool: ignore, childRestarted: ignore } });
      await pool.selfTest();
      console.log(JSON.stringify(pool.pids));`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = await new Promise<string>((resolve) => parent.stdout.once('data', (chunk) => resolve(String(chunk))));
    const pids = JSON.parse(said) as number[];
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    process.kill(pids[0] ?? 0, 'SIGSTOP');
    parent.kill('SIGKILL');
    for (let wait = 0; wait < 40 && pids.some(isAlive); wait++) await sleep(50);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

/** A zombie that nobody has collected yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

describe('jobs that wait', () => {
  it('are begun in the order in which their uploads were, whenever they came', async () => {
    const begun: string[] = [];
    const job = (name: string, beganMs?: number) =>
      rig.sample(clip, sparse, {
        mode: () => {
          begun.push(name);
          return sparse;
        },
        ...(beganMs !== undefined && { beganMs }),
      });
    const first = job('at work');
    await Promise.all([first, job('now'), job('later', 200), job('second look', 100), job('same time', 200)]);
    expect(begun).toEqual(['at work', 'second look', 'later', 'same time', 'now']);
  });
});
