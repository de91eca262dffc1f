/** PDQ from frame to hashes: the steps in their order. */
import { frameSideMin } from '../memory-layout';
import { transformSampled } from './dct';
import { sampleFrame } from './decimate';
import { clearHashes, hashAllViews, hashCoefficients } from './dihedral';
import { qualityOfSampled } from './quality';

/** Hashes the frame in `frame` and gives its quality. Sides under `frameSideMin` have the zero hash and quality 0. */
export function hashFrameOf(width: u32, height: u32, channels: u32, allViews: bool): u32 {
  if (width < frameSideMin || height < frameSideMin) {
    clearHashes();
    return 0;
  }
  sampleFrame(width, height, channels);
  const quality = qualityOfSampled();
  transformSampled();
  if (allViews) hashAllViews();
  else hashCoefficients();
  return quality;
}
