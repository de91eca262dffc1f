/** PDQ: our hasher and the C++ reference in turns over the same decoded frames, and whether they agree. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOfHash } from '../../../src/kernel/hash-text.ts';
import type { Hasher } from '../../../src/kernel/hasher.ts';
import { createHasher } from '../../../src/kernel/load-kernel.ts';
import { hashViewsByTwin } from '../../support/pdq-twin.ts';
import { type BenchFrames, degenerateFrames, type FrameSet, frameAt } from './frames.ts';
import { type Peer, startPeer } from './peer-process.ts';
import type { PeerCommands } from './peer-setup.ts';
import { type Lane, type Row, ratioOf, takeTurns } from './rounds.ts';

export interface PdqFigures {
  readonly rgb: readonly Row[];
  readonly gray: readonly Row[];
  readonly rgbVsReference: number | null;
  readonly grayVsReference: number | null;
  readonly dihedralCost: { readonly rgb: number; readonly gray: number };
  /** Share of the real frames that the guard hashed again. */
  readonly rerunShare: { readonly rgb: number; readonly gray: number };
  readonly mismatches: Mismatches;
}

export interface Mismatches {
  readonly realFrames: number;
  readonly degenerateFrames: number;
  /** Frames on which hash, quality or one of the eight views differs from the twin in reference order. */
  readonly twin: number;
  /** Frames on which hash or quality differs from the C++ reference; null when it is not there. */
  readonly reference: number | null;
}

export interface PdqRig {
  readonly commands: PeerCommands;
  readonly frames: BenchFrames;
  readonly rounds: number;
  /** A temporary folder in which frames are handed to the peers. */
  readonly folder: string;
  readonly missing: string[];
  say(line: string): void;
}

export async function measurePdq(rig: PdqRig): Promise<PdqFigures> {
  const hasher: Hasher = createHasher();
  const peer = await openReference(rig, rig.commands.pdq);
  const native = await openReference(rig, rig.commands.pdqNative);
  try {
    const rerunShare = { rgb: countReruns(hasher, rig.frames.rgb), gray: countReruns(hasher, rig.frames.gray) };
    rig.say(`PDQ: ${rig.frames.rgb.count} RGB and ${rig.frames.gray.count} gray frames, ${rig.rounds} rounds`);
    const rowsOf = (set: FrameSet) => takeTurns(lanesOf(hasher, set, { peer, native }), rig.rounds, rig.missing);
    const [rgb, gray] = [await rowsOf(rig.frames.rgb), await rowsOf(rig.frames.gray)];
    rig.say('PDQ: comparing hashes with the twin and the reference');
    return {
      rgb,
      gray,
      rgbVsReference: ratioOf(rgb, 'reference', 'ours'),
      grayVsReference: ratioOf(gray, 'reference', 'ours'),
      dihedralCost: {
        rgb: ratioOf(rgb, 'ours-dihedral', 'ours') ?? 0,
        gray: ratioOf(gray, 'ours-dihedral', 'ours') ?? 0,
      },
      rerunShare,
      mismatches: await countMismatches(rig, hasher, peer),
    };
  } finally {
    await peer?.close();
    await native?.close();
  }
}

async function openReference(rig: PdqRig, command: string | null): Promise<Peer | null> {
  if (command === null) return null;
  const peer = await startPeer(command);
  for (const set of [rig.frames.rgb, rig.frames.gray]) await handOver(peer, set, rig.folder);
  return peer;
}

async function handOver(peer: Peer, set: FrameSet, folder: string): Promise<void> {
  const path = join(folder, `${set.name}.frames`);
  await writeFile(path, set.bytes);
  await peer.ask(`load ${set.name} ${set.width} ${set.height} ${set.channels} ${set.count} ${path}`);
}

function lanesOf(hasher: Hasher, set: FrameSet, peers: { peer: Peer | null; native: Peer | null }): Lane[] {
  const ours = (id: string, label: string, note: string, hash: () => unknown): Lane => ({
    id,
    label,
    note,
    ours: true,
    turn: async () => timeFrames(hasher, set, hash),
  });
  const theirs = (id: string, label: string, note: string, peer: Peer | null, verb: string): Lane[] =>
    peer === null ? [] : [{ id, label, note, ours: false, turn: () => askFor(peer, verb, set) }];
  const scalarNote = 'luma, box filters and DCT as published';
  return [
    ours('ours', 'Floodgate', 'guard on, frame in kernel memory', () => hasher.hash()),
    ours('ours-dihedral', 'Floodgate, eight views', 'one DCT, eight hashes', () => hasher.hashDihedral()),
    copyLane(hasher, set),
    ours('ours-order', 'Floodgate, reference order', 'what the guard runs', () => hasher.hashInReferenceOrder()),
    ...theirs('reference', 'C++ reference, -O3', scalarNote, peers.peer, 'hash'),
    ...theirs('reference-dihedral', 'C++ reference, -O3, eight views', '', peers.peer, 'dihedral'),
    ...theirs(
      'reference-native',
      'C++ reference, -O3 -march=native',
      'contracts to FMA: other hashes',
      peers.native,
      'hash',
    ),
  ];
}

/** From bytes that lie elsewhere to the hash, as when a decoder hands a frame over. */
function copyLane(hasher: Hasher, set: FrameSet): Lane {
  return {
    id: 'ours-copy',
    label: 'Floodgate, with the copy into kernel memory',
    note: 'the frame comes from memory, not cache',
    ours: true,
    async turn() {
      const before = performance.now();
      for (let at = 0; at < set.count; at++) {
        hasher.frameBuffer(set.width, set.height, set.channels).set(frameAt(set, at));
        hasher.hash();
      }
      return ((performance.now() - before) * 1000) / set.count;
    },
  };
}

/** Mean microseconds per frame; the copy into kernel memory is not counted, as it is not for the reference. */
function timeFrames(hasher: Hasher, set: FrameSet, hash: () => unknown): number {
  let sumMs = 0;
  for (let at = 0; at < set.count; at++) {
    hasher.frameBuffer(set.width, set.height, set.channels).set(frameAt(set, at));
    const before = performance.now();
    hash();
    sumMs += performance.now() - before;
  }
  return (sumMs * 1000) / set.count;
}

async function askFor(peer: Peer, verb: string, set: FrameSet): Promise<number> {
  const { ns } = await peer.ask(`${verb} ${set.name}`);
  return Number(ns) / 1000 / set.count;
}

/** Warms the hasher up on the way. */
function countReruns(hasher: Hasher, set: FrameSet): number {
  const before = hasher.reruns;
  timeFrames(hasher, set, () => hasher.hash());
  return (hasher.reruns - before) / set.count;
}

async function countMismatches(rig: PdqRig, hasher: Hasher, peer: Peer | null): Promise<Mismatches> {
  const real = [rig.frames.rgb, rig.frames.gray];
  const degenerate = degenerateFrames();
  let twin = 0;
  let reference = 0;
  for (const set of [...real, ...degenerate]) {
    if (peer !== null && degenerate.includes(set)) await handOver(peer, set, rig.folder);
    const theirs = peer === null ? null : await peer.ask(`hashes ${set.name}`);
    for (let at = 0; at < set.count; at++) {
      const frame = frameAt(set, at);
      hasher.frameBuffer(set.width, set.height, set.channels).set(frame);
      const { hash, quality } = hasher.hash();
      const views = hasher.hashDihedral();
      const { width, height, channels } = set;
      const expected = hashViewsByTwin({ width, height, channels, bytes: frame });
      const sameViews = Buffer.compare(views.hashes, expected.hashes) === 0 && views.quality === expected.quality;
      const sameHash = Buffer.compare(hash, expected.hashes.subarray(0, 32)) === 0 && quality === expected.quality;
      if (!sameViews || !sameHash) twin++;
      if (theirs !== null && !isSame(theirs, at, hexOfHash(hash), quality)) reference++;
    }
  }
  const countOf = (sets: readonly FrameSet[]) => sets.reduce((sum, set) => sum + set.count, 0);
  return {
    realFrames: countOf(real),
    degenerateFrames: countOf(degenerate),
    twin,
    reference: peer === null ? null : reference,
  };
}

function isSame(theirs: Readonly<Record<string, unknown>>, at: number, hash: string, quality: number): boolean {
  const { hashes, qualities } = theirs as { hashes: readonly string[]; qualities: readonly number[] };
  return hashes[at] === hash && qualities[at] === quality;
}
