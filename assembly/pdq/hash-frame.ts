/**
 * PDQ from frame to hashes: the steps in their order, twice.
 *
 *      fused-sample -> fused-quality -> folded-dct -> guard, dihedral        14 us gray, 29 us RGB (512 x 512)
 *           |                                         | not sure
 *           | exact samples                           v
 *           +-> quality -> dct -> median, dihedral <- luma, box-filter, decimate      250 us gray, 325 us RGB
 *
 * The lower line is the reference's order of operations and has its bits on every frame. The upper one has another
 * order and is only believed where that cannot matter; guard.ts says when. (AMD Zen 4, Node 20; the C++ reference built
 * with -O3 takes 5,400 and 5,700 us on the same machine.)
 */
import { coefficients, frameSideMin, fusedCoefficients } from '../memory-layout';
import { transformSampled } from './dct';
import { sampleFrame } from './decimate';
import { clearHashes, hashAllViews, hashOneView } from './dihedral';
import { transformFused } from './folded-dct';
import { qualityOfFused } from './fused-quality';
import { levelSamples, sampleFused } from './fused-sample';
import { exactSamples, nearSamples, samplesAre, sampleTolerance } from './guard';
import { qualityOfSampled } from './quality';
import { denominator } from './tent';

/** Frames that were hashed a second time, since the instance was made. */
export let reruns: u32 = 0;

/** Hashes the frame in `frame` and gives its quality. Sides under `frameSideMin` have the zero hash and quality 0. */
export function hashFrameOf(width: u32, height: u32, channels: u32, allViews: bool): u32 {
  if (width < frameSideMin || height < frameSideMin) {
    clearHashes();
    return 0;
  }
  const quality = hashFused(width, height, channels, allViews);
  if (quality >= 0) return <u32>quality;
  reruns++;
  return hashInReferenceOrder(width, height, channels, allViews);
}

/** Gives -1 when rounding in another order might give another result. */
function hashFused(width: u32, height: u32, channels: u32, allViews: bool): i32 {
  sampleFused(width, height, channels);
  if (samplesAre === exactSamples) {
    levelSamples();
    return <i32>hashSampled(allViews);
  }
  const quality = qualityOfFused(denominator, sampleTolerance);
  if (quality < 0) return -1;
  let values = coefficients;
  if (samplesAre === nearSamples) {
    levelSamples();
    transformSampled();
  } else {
    transformFused(denominator);
    values = fusedCoefficients;
  }
  const isSure = allViews ? hashAllViews(values, true) : hashOneView(values, true);
  return isSure ? quality : -1;
}

/** The same, each operation in the order of the reference. */
export function hashInReferenceOrder(width: u32, height: u32, channels: u32, allViews: bool): u32 {
  if (width < frameSideMin || height < frameSideMin) {
    clearHashes();
    return 0;
  }
  sampleFrame(width, height, channels);
  return hashSampled(allViews);
}

/** Steps 4 to 6 for samples that have the bits of the reference. */
function hashSampled(allViews: bool): u32 {
  const quality = qualityOfSampled();
  transformSampled();
  if (allViews) hashAllViews(coefficients, false);
  else hashOneView(coefficients, false);
  return quality;
}
