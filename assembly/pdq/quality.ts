/**
 * PDQ step 4: quality, how much the 64 x 64 image varies.
 *
 * Differences between neighbours, down and across, in hundredths of the range of a byte, summed. Each is truncated to an
 * integer first. That looks like an accident of the reference, but equal results need it: gradients under 2.55 gray
 * levels count as nothing, so a smooth ramp has quality 0.
 *
 * Lanes: four neighbours in a row. Across, the last vector of a row covers the differences 60-61, 61-62, 62-63 and one
 * into the next row, which is masked out. One difference at a time takes eight times as long.
 *
 * Source: ThreatExchange, pdq/cpp/hashing: pdqImageDomainQualityMetric, order ((u - v) * 100) / 255 in f32.
 */
import { sampledImage, sampledSide } from '../memory-layout';

const rowBytes: usize = <usize>(sampledSide * 4);

/** 0 to 100. */
export function qualityOfSampled(): u32 {
  let sums = i32x4.splat(0);
  for (let row: u32 = 0; row < sampledSide; row++) {
    const at = sampledImage + <usize>row * rowBytes;
    if (row + 1 < sampledSide) sums = i32x4.add(sums, gradientsDown(at));
    sums = i32x4.add(sums, gradientsAcross(at));
  }
  const gradient =
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3);
  return min(<u32>gradient / 90, 100);
}

function gradientsDown(row: usize): v128 {
  let sums = i32x4.splat(0);
  for (let at = row; at < row + rowBytes; at += 16) {
    sums = i32x4.add(sums, gradients(v128.load(at), v128.load(at + rowBytes)));
  }
  return sums;
}

function gradientsAcross(row: usize): v128 {
  let sums = i32x4.splat(0);
  const last = row + rowBytes - 16;
  for (let at = row; at < last; at += 16) sums = i32x4.add(sums, gradients(v128.load(at), v128.load(at, 4)));
  const masked = v128.and(gradients(v128.load(last), v128.load(last, 4)), i32x4(-1, -1, -1, 0));
  return i32x4.add(sums, masked);
}

function gradients(u: v128, v: v128): v128 {
  const hundredths = f32x4.div(f32x4.mul(f32x4.sub(u, v), f32x4.splat(100)), f32x4.splat(255));
  return i32x4.abs(i32x4.trunc_sat_f32x4_s(hundredths));
}
