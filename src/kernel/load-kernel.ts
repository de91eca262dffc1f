/** Makes hashers, each a kernel instance with a memory of its own. Indexes: segmented-index.ts. */

import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import { FloodgateError } from '../errors.ts';
import type { Channels, Hasher, PlaneMapper, RegionMap, ThumbnailSide } from './hasher.ts';
import { callKernel, instantiateKernel, type Kernel, type KernelBuild, viewBytes } from './kernel-binary.ts';

export interface HasherOptions {
  readonly build?: KernelBuild;
}

/**
 * V8 optimises a function after a few calls; the first real frame should not pay for that. Instances share their code,
 * so once a process is enough.
 */
const warmUpCalls = 20;
/** Wide enough that tents along a row take more than one vector. */
const warmUpSide = 256;
/** Turned, so that no sample lies on a pixel. */
const warmUpMap: RegionMap = { x0: 0.1, xu: 0.7, xv: 0.1, y0: 0.1, yu: -0.1, yv: 0.7 };
let warm = false;

/** Version of the kernel: `<ABI version>-<first 8 digits of the binary's SHA-256>`. */
export function readKernelVersion(build: KernelBuild = 'release'): string {
  return instantiateKernel(build).version;
}

/** A hasher, warmed up. Throws kernel_failed when the kernel is missing or of another version. */
export function createHasher({ build = 'release' }: HasherOptions = {}): Hasher {
  const kernel = instantiateKernel(build);
  callKernel(() => kernel.calls.startHasher());
  const hasher = hasherOf(kernel);
  if (build === 'release' && !warm) warmHasher(hasher);
  return hasher;
}

function hasherOf(kernel: Kernel): Hasher {
  const { calls, capacities, version } = kernel;
  const copyHashes = (count: number) => viewBytes(kernel, calls.hashesAddress(), count * capacities.hashBytes).slice();
  return {
    kernelVersion: version,
    frameBuffer(width: number, height: number, channels: Channels) {
      requireInteger('the width of a frame', width, 1, limits.frameSideMax);
      requireInteger('the height of a frame', height, 1, limits.frameSideMax);
      if (channels !== 1 && channels !== 3) {
        throw new FloodgateError('kernel_failed', `a frame has 1 or 3 channels, not ${channels}`);
      }
      const address = callKernel(() => calls.setFrame(width, height, channels));
      return viewBytes(kernel, address, width * height * channels);
    },
    hash() {
      const quality = callKernel(() => calls.hashFrame());
      return { quality, hash: copyHashes(1) };
    },
    hashDihedral() {
      const quality = callKernel(() => calls.hashFrameDihedral());
      return { quality, hashes: copyHashes(dihedralNames.length) };
    },
    hashInReferenceOrder() {
      const quality = callKernel(() => calls.hashFrameInReferenceOrder(0));
      return { quality, hash: copyHashes(1) };
    },
    hashDihedralInReferenceOrder() {
      const quality = callKernel(() => calls.hashFrameInReferenceOrder(1));
      return { quality, hashes: copyHashes(dihedralNames.length) };
    },
    get reruns() {
      return calls.rerunCount() >>> 0;
    },
    ...regionCallsOf(kernel, copyHashes),
    ...planeMapperOf(kernel),
  };
}

type RegionCalls = Pick<
  Hasher,
  'makeBase' | 'copyBase' | 'loadBase' | 'hashRegion' | 'hashRegionDihedral' | 'thumbnail'
>;

function regionCallsOf(kernel: Kernel, copyHashes: (count: number) => Uint8Array): RegionCalls {
  const { calls } = kernel;
  const viewBase = () => viewBytes(kernel, calls.baseAddress(), limits.baseSide ** 2);
  const hashRegion = ({ x0, xu, xv, y0, yu, yv }: RegionMap, allViews: 0 | 1) =>
    callKernel(() => calls.hashRegion(x0, xu, xv, y0, yu, yv, allViews));
  return {
    makeBase: () => callKernel(() => calls.makeBase()),
    copyBase: () => viewBase().slice(),
    loadBase(base: Uint8Array) {
      requireInteger('the length of a base', base.length, limits.baseSide ** 2, limits.baseSide ** 2);
      viewBase().set(base);
      calls.takeBase();
    },
    hashRegion(map: RegionMap) {
      const quality = hashRegion(map, 0);
      return { quality, hash: copyHashes(1) };
    },
    hashRegionDihedral(map: RegionMap) {
      const quality = hashRegion(map, 1);
      return { quality, hashes: copyHashes(dihedralNames.length) };
    },
    thumbnail(side: ThumbnailSide) {
      const address = callKernel(() => calls.makeThumbnail(side));
      return viewBytes(kernel, address, side * side).slice();
    },
  };
}

function planeMapperOf(kernel: Kernel): PlaneMapper {
  const { calls } = kernel;
  const pixels = limits.planeSide ** 2;
  const write = (planes: readonly Uint8Array[]) => {
    requireInteger('the number of planes', planes.length, 1, limits.detectionFramesMax);
    const written = viewBytes(kernel, calls.grayPlanesAddress(), planes.length * pixels);
    planes.forEach((plane, at) => {
      requireInteger('the length of a plane', plane.length, pixels, pixels);
      written.set(plane, at * pixels);
    });
  };
  return {
    mapEdges(planes, beside, cap) {
      requireInteger('the cap of an edge', cap, 0, 255);
      write(planes);
      const address = callKernel(() => calls.mapEdges(planes.length, beside === 'above' ? 1 : 0, cap));
      return {
        steps: viewBytes(kernel, address, pixels).slice(),
        edges: new Uint16Array(viewBytes(kernel, calls.edgesAddress(), 2 * pixels).slice().buffer),
        sums: new Uint32Array(viewBytes(kernel, calls.edgeSumsAddress(), 4 * limits.planeSide).slice().buffer),
      };
    },
    mapDetail(planes) {
      write(planes);
      const address = callKernel(() => calls.mapDetail(planes.length));
      return new Uint16Array(viewBytes(kernel, address, 2 * pixels).slice().buffer);
    },
    mapRange(planes) {
      write(planes);
      const address = callKernel(() => calls.mapRange(planes.length));
      return viewBytes(kernel, address, pixels).slice();
    },
  };
}

function requireInteger(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new FloodgateError('kernel_failed', `${what} is ${value}; it must be a whole number from ${min} to ${max}`);
}

function warmHasher(hasher: Hasher): void {
  warm = true;
  for (const channels of [1, 3] as const) {
    hasher.frameBuffer(warmUpSide, warmUpSide, channels).forEach((_, at, frame) => {
      frame[at] = (at * 31) & 0xff;
    });
    for (let call = 0; call < warmUpCalls; call++) {
      hasher.hashDihedral();
      hasher.hashDihedralInReferenceOrder();
    }
    warmRegions(hasher, channels);
  }
}

function warmRegions(hasher: Hasher, channels: Channels): void {
  hasher.frameBuffer(limits.frameSide, limits.frameSide, channels).fill(99);
  for (let call = 0; call < warmUpCalls; call++) {
    hasher.makeBase();
    hasher.thumbnail(32);
    hasher.hashRegionDihedral(warmUpMap);
  }
  const plane = new Uint8Array(limits.planeSide ** 2);
  for (let call = 0; call < warmUpCalls; call++) {
    hasher.mapEdges([plane], 'before', 255);
    hasher.mapDetail([plane]);
    hasher.mapRange([plane]);
  }
}
