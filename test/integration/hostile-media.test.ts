import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as lib from 'node-av/lib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ContentFailure } from '../../src/fingerprint/child/failure.ts';
import type { FrameSink } from '../../src/fingerprint/child/frame-sink.ts';
import { prepareImageLoaders } from '../../src/fingerprint/child/image-source.ts';
import { type ChildTools, runJob } from '../../src/fingerprint/child/run-job.ts';
import { loadVideoBackend } from '../../src/fingerprint/child/video-backend.ts';
import type { SampledFrame } from '../../src/fingerprint/fingerprinter.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import { type FingerprintRig, openFingerprintRig, sparse, twoPerSecond } from '../support/fingerprint-rig.ts';
import {
  aliasReference,
  type Bait,
  dashManifest,
  disguises,
  hlsPlaylist,
  manifests,
  urlReference,
  withDataReference,
} from '../support/hostile-samples.ts';
import { drawClip, drawFrame, encodeClip, encodeImage, writeSample } from '../support/media-samples.ts';

// The decoding code is run in this process here, which has a network and may read files: what the sandbox of a child
// would hide shows. Whole files go through the pool as well.
let rig: FingerprintRig;
let tools: ChildTools;
let folder: string;
let tcp: Server;
let udp: Socket;
let bait: Bait;
let contacts = 0;

const frames = drawClip(12, 96, 72);
const film = encodeClip({ encoder: 'libx264', muxer: 'mov', frames });

beforeAll(async () => {
  prepareImageLoaders();
  tools = { hasher: createHasher(), video: await loadVideoBackend() };
  rig = openFingerprintRig();
  folder = mkdtempSync(join(tmpdir(), 'floodgate-hostile-'));
  tcp = createServer((socket) => {
    contacts++;
    socket.destroy();
  });
  udp = createSocket('udp4', () => contacts++);
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  const address = tcp.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const clipPath = writeSample(folder, 'elsewhere.mp4', film);
  bait = { httpUrl: `http://127.0.0.1:${port}/x.mp4`, udpPort: udp.address().port, clipPath };
});

afterAll(async () => {
  tcp.close();
  udp.close();
  rmSync(folder, { recursive: true });
  await rig.close();
});

beforeEach(() => {
  contacts = 0;
});

/** The film without its own data: any frame of it would come from elsewhere. */
function blankFilm(): Buffer {
  const blank = Buffer.from(film);
  return blank.fill(0, blank.indexOf('mdat') + 4, blank.indexOf('moov') - 4);
}

/** Runs the decoding code on the bytes; returns the frames it gave and the code it failed with. */
async function decodeHere(bytes: Buffer): Promise<{ frames: SampledFrame[]; failed: string }> {
  const given: SampledFrame[] = [];
  const path = writeSample(folder, 'sample', bytes);
  const sink: FrameSink = {
    stopped: false,
    emit: (frame) => void given.push(frame),
    emitRegions: () => {},
    lookCloser: async () => {},
    breathe: async () => {},
    settle: async () => {},
  };
  const failed = await runJob(path, sparse, tools, sink).then(
    () => '',
    (error: unknown) => (error instanceof ContentFailure ? error.code : `not foreseen: ${String(error)}`),
  );
  return { frames: given, failed };
}

// Goal: the crafted files work. Opened as careless code would, they do connect and do read what lies elsewhere; without
// this, a mistake in a sample would look like safety.
describe('the samples, opened without care', () => {
  it('make a connection', async () => {
    const path = writeSample(folder, 'careless', dashManifest(bait.httpUrl));
    const container = new lib.FormatContext();
    await container.openInput(path, null, lib.Dictionary.fromObject({ protocol_whitelist: 'file,http,tcp' }));
    expect(contacts).toBeGreaterThan(0);
  });

  it('read another file', async () => {
    const path = writeSample(folder, 'careless.mov', withDataReference(blankFilm(), aliasReference(bait.clipPath)));
    const container = new lib.FormatContext();
    const options = lib.Dictionary.fromObject({ enable_drefs: '1', use_absolute_path: '1' });
    expect(await container.openInput(path, null, options)).toBe(0);
    const packet = new lib.Packet();
    packet.alloc();
    expect(container.readFrameSync(packet)).toBe(0);
    expect(packet.data?.some((byte) => byte !== 0)).toBe(true);
    container.closeInputSync();
  });
});

describe('a manifest', () => {
  it('as a whole file is refused for its type', async () => {
    for (const [name, manifest] of manifests(bait)) {
      expect([name, (await decodeHere(manifest)).failed]).toEqual([name, 'unsupported']);
      expect([name, await rig.refusal(manifest)]).toEqual([name, 'unsupported: not a type that is accepted']);
    }
    expect(contacts).toBe(0);
  });

  it('behind the first bytes of an accepted type gives no frame and no connection', async () => {
    for (const [name, manifest] of manifests(bait)) {
      for (const [disguise, bytes] of disguises(manifest)) {
        const { frames: given, failed } = await decodeHere(bytes);
        expect([name, disguise, given.length]).toEqual([name, disguise, 0]);
        expect([name, disguise, failed]).toEqual([
          name,
          disguise,
          expect.stringMatching(/^(undecodable|unsupported)$/),
        ]);
      }
    }
    expect(contacts).toBe(0);
  });

  it('inside the boxes of a film is data like any other', async () => {
    const size = Buffer.alloc(4);
    const playlist = hlsPlaylist(bait.httpUrl);
    size.writeUInt32BE(playlist.length + 8);
    const padded = Buffer.concat([film, size, Buffer.from('free'), playlist]);
    expect((await decodeHere(padded)).failed).toBe('');
    expect(contacts).toBe(0);
  });
});

describe('a film whose data lies elsewhere', () => {
  it.each([
    ['an address', () => urlReference(bait.httpUrl)],
    ['a file by URL', () => urlReference(`file://${bait.clipPath}`)],
    ['a file by alias', () => aliasReference(bait.clipPath)],
    ['a neighbour by alias', () => aliasReference('elsewhere.mp4')],
  ])('is not followed to %s', async (_name, reference) => {
    const { frames: given } = await decodeHere(withDataReference(blankFilm(), reference()));
    expect(given).toEqual([]);
    expect(contacts).toBe(0);
  });
});

describe('a codec outside the list', () => {
  it.each([
    ['magicyuv', 'matroska', 'gbrp'],
    ['magicyuv', 'avi', 'gbrp'],
    ['mjpeg', 'mov', 'yuvj420p'],
  ] as const)('is refused: %s in %s', async (encoder, muxer, pixelFormat) => {
    const clip = encodeClip({ encoder, muxer, pixelFormat, frames: frames.slice(0, 3) });
    expect(await rig.refusal(clip)).toBe(`unsupported: codec ${encoder} is not accepted`);
  });
});

describe('an encrypted film', () => {
  it('is undecodable rather than noise', async () => {
    const muxerOptions = {
      encryption_scheme: 'cenc-aes-ctr',
      encryption_key: '00112233445566778899aabbccddeeff',
      encryption_kid: 'ffeeddccbbaa99887766554433221100',
    };
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames, muxerOptions });
    expect(await rig.refusal(clip)).toBe('undecodable: the video is encrypted');
    expect(await rig.refusal(clip, twoPerSecond)).toBe('undecodable: the video is encrypted');
  });
});

describe('content that is damaged', () => {
  it('is judged by what is left of it, and marked', async () => {
    const frames60 = drawClip(60, 96, 72);
    const whole = encodeClip({ encoder: 'libx264', muxer: 'matroska', frames: frames60, framesPerSecond: 5, gop: 10 });
    const { result, frames: given } = await rig.sample(whole.subarray(0, Math.floor(whole.length / 2)), sparse);
    expect(given.length).toBeGreaterThan(4);
    expect(result.degraded).toContain('truncated_content');
    expect(result.largestGapMs).toBeGreaterThan(3_000);
  });

  it('in the middle is decoded from the start, and marked', async () => {
    const drawn = drawClip(50, 96, 72);
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawn, gop: 10 });
    clip.fill(0x55, Math.floor(clip.length * 0.4), Math.floor(clip.length * 0.5));
    const { result } = await rig.sample(clip, sparse);
    expect(result.framesSampled).toBeGreaterThanOrEqual(3);
    expect(result.degraded).toContain('decode_errors');
  });

  it('beyond use is undecodable', async () => {
    expect(await rig.refusal(film.subarray(0, 200))).toMatch(/^undecodable/);
    expect(await rig.refusal((await encodeImage(drawFrame(64, 64, 0), 'avif')).subarray(0, 300))).toMatch(
      /^undecodable/,
    );
    expect(await rig.refusal(Buffer.alloc(0))).toMatch(/^unsupported/);
  });

  // Goal: random damage never costs more than its own job; the generator is seeded, so a failure can be repeated.
  it('at random gives a result or a clean refusal', async () => {
    const sources = [
      film,
      encodeClip({ encoder: 'libvpx', muxer: 'webm', frames }),
      encodeClip({ encoder: 'libx265', muxer: 'mpegts', frames }),
      encodeClip({ encoder: 'mpeg4', muxer: 'avi', frames }),
      ...(await Promise.all(
        (['jpeg', 'png', 'webp', 'gif'] as const).map((type) => encodeImage(drawFrame(96, 72, 1), type)),
      )),
    ];
    const random = seededRandom(7);
    const outcomes = await Promise.all(
      Array.from({ length: 48 }, (_, index) => {
        const damaged = damage(sources[index % sources.length] ?? film, random);
        return rig.sample(damaged, sparse).then(
          () => 'decoded',
          (error: { code?: string }) => error.code,
        );
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set([...outcomes].filter((outcome) => clean.has(outcome))));
    expect(outcomes).toContain('decoded');
    expect(rig.restarts).toEqual([]);
  });
});

const clean = new Set<string | undefined>(['decoded', 'undecodable', 'unsupported', 'too_large']);

function damage(bytes: Buffer, random: () => number): Buffer {
  const damaged = Buffer.from(bytes);
  for (let hit = 0; hit < 12; hit++) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
  return random() < 0.3 ? damaged.subarray(0, Math.floor(damaged.length * random())) : damaged;
}

/** Mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
