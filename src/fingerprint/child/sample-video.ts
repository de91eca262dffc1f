/**
 * Dense and sparse sampling of a video.
 *
 * Sparse: key frames first, since one costs a tenth of what a second of film costs. A short video is read through, a
 * long one is sought through, its key frames in an order whose every prefix is spread evenly. Parts of these are looked
 * at next, for the frames between key frames are the dearest of all. What is still too thin is then filled by decoding
 * onward from the nearest key frames, in order of time. Where a seek gives damage, all is decoded from the start.
 */
import { limits } from '../../config/limits.ts';
import type { FingerprintResult, SamplingMode } from '../fingerprinter.ts';
import type { FrameSink } from './frame-sink.ts';
import type { FrameSource, PacketFacts } from './frame-source.ts';
import {
  evenTicks,
  evenTimes,
  type FillPlan,
  fillTimes,
  listedTicks,
  spreadFirst,
  type Ticks,
  thinOut,
  ticksWithin,
  wideningTicks,
} from './sampling.ts';
import { type DecodedFrames, SeekFault, VideoPass, walk } from './video-pass.ts';

/** A container may announce a little more than it has; less than this is not a missing end. */
const missingEndMs = 2_000;
/** A packet that much earlier than one before it: the timestamps are broken and seeking is meaningless. */
const breakMs = 1_000;
/** No policy blocks by one frame of a video, so that a closer look at one alone decides nothing. */
const closerLookFramesMin = 2;

/** How densely, and where; everywhere when `within` is left out. */
export type DenseMode = Pick<SamplingMode & { readonly kind: 'dense' }, 'framesPerSecond' | 'within' | 'regions'>;

export async function sampleDense(source: FrameSource, sink: FrameSink, mode: DenseMode): Promise<FingerprintResult> {
  const { framesPerSecond, within } = mode;
  // What is banked is met as exactly as any rate allows, and stays.
  const frames = mode.regions === true ? 'nearest' : 'all';
  const pass = new VideoPass(source, sink, limits.denseFramesMax);
  const stepMs = 1_000 / framesPerSecond;
  const wanted = (within ?? []).map((span) => ticksWithin(span, stepMs, source.durationMs || Number.POSITIVE_INFINITY));
  if (wanted.some((timesMs) => timesMs.length > 0)) await sampleWithin(pass, wanted, frames);
  else await sampleThroughout(pass, stepMs, frames);
  const result = pass.finish();
  const capped = result.framesSampled >= limits.denseFramesMax;
  return capped ? { ...result, degraded: [...new Set([...result.degraded, 'frames_capped' as const])] } : result;
}

async function sampleThroughout(pass: VideoPass, stepMs: number, frames: DecodedFrames): Promise<void> {
  await walk(pass, evenTicks(stepMs), { frames, strict: false });
  const lastMs = pass.sampledMs.at(-1) ?? 0;
  pass.truncated = !pass.sink.stopped && pass.durationMs - lastMs > missingEndMs + stepMs;
}

/** Moments that are decoded from one key frame on. */
interface Reach {
  readonly keyMs: number;
  /** Ascending. */
  readonly timesMs: readonly number[];
}

/**
 * What needs the shortest way from its key frame comes first, and parts of frames are looked at on the way: one stretch may
 * well decide. Where the film cannot be entered, all before the moments is decoded too.
 */
async function sampleWithin(
  pass: VideoPass,
  spans: readonly (readonly number[])[],
  frames: DecodedFrames,
): Promise<void> {
  try {
    if (pass.source.mustDecodeInOrder || hasNoIndex(pass.source)) throw new SeekFault();
    for (const reach of reachesOf(pass, spans.flat())) {
      await pass.lookBefore(wayMsOf(reach));
      if (pass.ended) return;
      if (!pass.source.enterAt(reach.keyMs)) throw new SeekFault();
      await walk(pass, listedTicks(reach.timesMs), { frames, strict: true, looks: true });
    }
  } catch (error) {
    if (!(error instanceof SeekFault)) throw error;
    if (pass.source.rewind()) await walk(pass, listedTicks(spans.flat()), { frames, strict: false, looks: true });
  }
}

/** The moments, which ascend, by the key frame before them; of equal ways the first. */
function reachesOf(pass: VideoPass, timesMs: readonly number[]): Reach[] {
  const reaches: Reach[] = [];
  for (let left = timesMs; left.length > 0; ) {
    const lastMs = left.at(-1) ?? 0;
    const keyMs = Math.min(locateKey(pass, lastMs), lastMs);
    const first = left.findIndex((timeMs) => timeMs >= keyMs);
    reaches.unshift({ keyMs, timesMs: left.slice(first) });
    left = left.slice(0, first);
  }
  return reaches.sort((a, b) => wayMsOf(a) - wayMsOf(b));
}

/** What is decoded for nothing but what lies behind it. */
function wayMsOf({ keyMs, timesMs: [firstMs = keyMs] }: Reach): number {
  return firstMs - keyMs;
}

/** With `keyFramesOnly` gaps stay, and the result says so. */
export async function sampleSparse(
  source: FrameSource,
  sink: FrameSink,
  keyFramesOnly = false,
): Promise<FingerprintResult> {
  const pass = new VideoPass(source, sink, limits.sparseFramesMax);
  try {
    if (source.mustDecodeInOrder) throw new SeekFault();
    const keysMs = readsThrough(source) ? await readKeyFrames(pass) : await seekKeyFrames(pass);
    if (pass.sampledMs.length >= closerLookFramesMin) await sink.lookCloser();
    await fill(pass, keysMs, keyFramesOnly);
    if (pass.sampledMs.length === 0) throw new SeekFault();
  } catch (error) {
    if (!(error instanceof SeekFault)) throw error;
    await decodeInOrder(pass);
  }
  return pass.finish();
}

function readsThrough(source: FrameSource): boolean {
  return source.durationMs <= limits.sparseReadThroughMsMax || hasNoIndex(source);
}

/** Seeking in a transport stream is guessing. */
function hasNoIndex({ media }: FrameSource): boolean {
  return media.container === 'mpegts';
}

/** Reads every packet and decodes as many key frames as the length asks for, at even distances. Returns the moments of all. */
async function readKeyFrames(pass: VideoPass): Promise<number[]> {
  const keysMs: number[] = [];
  const isEndKnown = pass.source.durationMs > 0;
  let distanceMs = Math.max(limits.sparseSpacingMsMin, pass.source.durationMs / keyFramesWanted(pass)) * 0.9;
  let nextMs = 0;
  let lastMs = 0;
  for (let packet = pass.source.nextPacket(); packet !== null && !pass.ended; packet = pass.source.nextPacket()) {
    if (packet.timeMs < lastMs - breakMs) throw timesBroken(pass);
    lastMs = Math.max(lastMs, packet.timeMs);
    if (packet.isKey) {
      keysMs.push(packet.timeMs);
      if (packet.timeMs >= nextMs) {
        takeKeyFrame(pass);
        // Without a known end the distances grow, or the first minute would use the whole budget.
        if (!isEndKnown) distanceMs *= 1.1;
        nextMs = packet.timeMs + distanceMs;
      }
    }
    await pass.sink.breathe();
  }
  pass.truncated = !pass.ended && pass.durationMs - lastMs > missingEndMs;
  pass.durationMs = Math.max(pass.durationMs, lastMs);
  return keysMs;
}

/** The announced duration means as little as the timestamps: the length shows while decoding. */
function timesBroken(pass: VideoPass): SeekFault {
  pass.durationMs = 0;
  return new SeekFault();
}

/**
 * Looks where there are key frames, which costs next to nothing, and decodes as many as the length asks for, those first
 * that are spread most evenly. Where there are few each marks a cut, or what was spliced in. Returns null: not all are known.
 */
async function seekKeyFrames(pass: VideoPass): Promise<null> {
  const keysMs = thinOut(await findKeyFrames(pass), keyFramesWanted(pass));
  for (const keyMs of spreadFirst(keysMs, pass.durationMs)) {
    if (pass.ended) return null;
    if (seekKeyFrame(pass, keyMs) !== null) takeKeyFrame(pass);
    await pass.sink.breathe();
  }
  return null;
}

/** Moments of key frames, ascending. */
async function findKeyFrames(pass: VideoPass): Promise<number[]> {
  const foundMs = new Set<number>();
  // The last one asks for the very end, so that a film longer than announced does not hide there.
  for (const timeMs of [...evenTimes(pass.durationMs, limits.sparseSeeks), limits.videoDurationMsMax]) {
    if (pass.ended) break;
    const key = seekKeyFrame(pass, timeMs);
    if (key === null) pass.truncated ||= timeMs < pass.durationMs;
    else foundMs.add(key.timeMs);
    await pass.sink.breathe();
  }
  return [...foundMs].sort((a, b) => a - b);
}

function keyFramesWanted({ durationMs }: VideoPass): number {
  const forLength = Math.ceil(durationMs / limits.sparseKeySpacingMs);
  return Math.min(limits.sparseKeyFramesMax, Math.max(limits.sparseFramesMin, forLength));
}

function seekKeyFrame(pass: VideoPass, timeMs: number): PacketFacts | null {
  return pass.source.seekBefore(timeMs) ? nextKeyFrame(pass, 0) : null;
}

function nextKeyFrame(pass: VideoPass, fromMs: number): PacketFacts | null {
  let packet = pass.source.nextPacket();
  while (packet !== null && !(packet.isKey && packet.timeMs >= fromMs)) packet = pass.source.nextPacket();
  return packet;
}

function takeKeyFrame(pass: VideoPass): void {
  const faultsBefore = pass.source.faults;
  const picture = pass.source.decodeKeyPacket();
  if (pass.source.faults > faultsBefore) throw new SeekFault();
  if (picture !== null) pass.take(picture);
}

/** Decodes what is lacking, in order of time, starting at the nearest key frames. */
async function fill(pass: VideoPass, keysMs: readonly number[] | null, keyFramesOnly: boolean): Promise<void> {
  if (pass.ended) return;
  // Black or still shots tell nothing of what lies between.
  for (const others of ['onward', 'even'] as const) {
    if (others === 'even' && pass.isTelling) return;
    const plan = planFill(pass, others);
    if (!keyFramesOnly) await fillPlan(pass, keysMs, plan);
    else if (plan.timesMs.length > 0) pass.shed = true;
  }
}

async function fillPlan(pass: VideoPass, keysMs: readonly number[] | null, plan: FillPlan): Promise<void> {
  const starts = plan.timesMs.map((timeMs) => (keysMs === null ? locateKey(pass, timeMs) : lastBefore(keysMs, timeMs)));
  for (let from = 0; from < starts.length && !pass.ended; ) {
    const start = starts[from] ?? 0;
    const beyond = starts.findIndex((other, index) => index > from && other !== start);
    const to = beyond === -1 ? starts.length : beyond;
    await fillFromKey(pass, start, plan.timesMs.slice(from, to), plan.toleranceMs);
    from = to;
  }
}

async function fillFromKey(pass: VideoPass, keyMs: number, timesMs: readonly number[], toleranceMs: number) {
  const rest = timesMs.filter((timeMs) => timeMs - keyMs > toleranceMs);
  const isKeyWanted = rest.length < timesMs.length && !pass.has(keyMs);
  if (rest.length === 0) {
    if (isKeyWanted && pass.source.enterAt(keyMs) && nextKeyFrame(pass, keyMs) !== null) takeKeyFrame(pass);
    return pass.sink.breathe();
  }
  if (!pass.source.enterAt(keyMs)) throw new SeekFault();
  await walk(pass, listedTicks(isKeyWanted ? [keyMs, ...rest] : rest), { frames: 'references', strict: true });
}

function locateKey(pass: VideoPass, timeMs: number): number {
  return seekKeyFrame(pass, timeMs)?.timeMs ?? 0;
}

function lastBefore(keysMs: readonly number[], timeMs: number): number {
  return keysMs.findLast((keyMs) => keyMs <= timeMs) ?? 0;
}

/** The slow, certain way: everything from the start, for streams that cannot be entered in the middle. */
async function decodeInOrder(pass: VideoPass): Promise<void> {
  if (pass.ended || !pass.source.rewind()) return;
  const ticks: Ticks =
    pass.durationMs > 0 ? listedTicks(planFill(pass, 'even').timesMs) : wideningTicks(limits.sparseSpacingMsMin);
  await walk(pass, ticks, { frames: 'references', strict: false });
}

function planFill(pass: VideoPass, others: 'onward' | 'even'): FillPlan {
  const bounds = {
    framesMin: limits.sparseFramesMin,
    framesMax: pass.framesMax,
    spacingMsMin: limits.sparseSpacingMsMin,
    gapMsMax: limits.sparseGapMsMax,
  };
  return fillTimes(pass.sampledMs, pass.durationMs, bounds, others);
}
