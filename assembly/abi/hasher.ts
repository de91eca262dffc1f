/** Exports of a hasher: frames in, hashes out. */
import { channelsMax, frame, frameSideMax, frameSlackBytes, hashes, reserveUpTo } from '../memory-layout';
import { fillDctTable } from '../pdq/dct';
import { fillGuardShares, prepareGuard } from '../pdq/guard';
import { hashFrameOf, hashInReferenceOrder, reruns } from '../pdq/hash-frame';
import { columnWindow, prepareTents, rowWindow } from '../pdq/tent';
import { assertPart, hasherPart, takePart } from './part';

let frameWidth: u32 = 0;
let frameHeight: u32 = 0;
let frameChannels: u32 = 0;

export function startHasher(): void {
  takePart(hasherPart);
  assert(reserveUpTo(frame + <usize>frameSlackBytes), 'no memory for the hasher');
  fillDctTable();
  fillGuardShares();
}

/** Address of the input buffer for a frame of that shape; may grow memory, which detaches the host's views. */
export function setFrame(width: u32, height: u32, channels: u32): usize {
  assertPart(hasherPart);
  assert(width >= 1 && width <= frameSideMax, 'the width of a frame is 1 to 2048');
  assert(height >= 1 && height <= frameSideMax, 'the height of a frame is 1 to 2048');
  assert(channels === 1 || channels === channelsMax, 'a frame has 1 or 3 channels');
  if (width === frameWidth && height === frameHeight && channels === frameChannels) return frame;
  const frameBytes = width * height * channels;
  assert(reserveUpTo(frame + <usize>(frameBytes + frameSlackBytes)), 'no memory for the frame');
  frameWidth = width;
  frameHeight = height;
  frameChannels = channels;
  prepareTents(width, height, channels);
  prepareGuard(channels, rowWindow, columnWindow);
  return frame;
}

/** Hashes the frame; the hash is at `hashesAddress`. Gives the quality. */
export function hashFrame(): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashFrameOf(frameWidth, frameHeight, frameChannels, false);
}

/** The same for all eight rotations and flips, one after the other at `hashesAddress`. */
export function hashFrameDihedral(): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashFrameOf(frameWidth, frameHeight, frameChannels, true);
}

/** One hash or all eight by the slower path alone, which the other falls back to. For tests and benchmarks. */
export function hashFrameInReferenceOrder(allViews: bool): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashInReferenceOrder(frameWidth, frameHeight, frameChannels, allViews);
}

/** How many frames were hashed a second time, in reference order, because rounding might have mattered. */
export function rerunCount(): u32 {
  return reruns;
}

export function hashesAddress(): usize {
  return hashes;
}
