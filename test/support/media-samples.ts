/** Makes small real clips and pictures, procedurally and at once, for tests that decode. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as constants from 'node-av/constants';
import * as lib from 'node-av/lib';
import sharp from 'sharp';

lib.Log.setLevel(constants.AV_LOG_QUIET);

export interface RawFrame {
  readonly width: number;
  readonly height: number;
  /** Interleaved RGB, 8 bits. */
  readonly rgb: Buffer;
}

export interface ClipOptions {
  /** libav's encoder names. */
  readonly encoder:
    | 'libx264'
    | 'libx264rgb'
    | 'libx265'
    | 'libvpx'
    | 'libvpx-vp9'
    | 'libsvtav1'
    | 'mpeg4'
    | 'mpeg2video'
    | 'magicyuv'
    | 'mjpeg';
  /** libav's muxer names. */
  readonly muxer: 'mp4' | 'mov' | 'matroska' | 'webm' | 'avi' | 'mpegts';
  readonly frames: readonly RawFrame[];
  readonly framesPerSecond?: number;
  readonly gop?: number;
  readonly bFrames?: number;
  readonly pixelFormat?: 'yuv420p' | 'yuv444p' | 'gbrp' | 'rgb24' | 'yuvj420p';
  readonly encoderOptions?: Readonly<Record<string, string>>;
  readonly muxerOptions?: Readonly<Record<string, string>>;
  /** Nine integers of the display matrix, in 16.16 fixed point but for the last column. */
  readonly displayMatrix?: readonly number[];
}

/** A textured, asymmetric picture that moves with `phase`; `seed` tells contents apart. */
export function drawFrame(width: number, height: number, phase: number, seed = 1): RawFrame {
  const rgb = Buffer.alloc(width * height * 3);
  const discs = makeDiscs(seed, phase);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = x / width;
      const v = y / height;
      let level = 70 + 60 * Math.sin(4 * u + seed + phase) + 40 * Math.cos(7 * v * u + 3 * seed);
      for (const { cx, cy, radius, gain } of discs) if ((u - cx) ** 2 + (v - cy) ** 2 < radius ** 2) level += gain;
      const at = (y * width + x) * 3;
      rgb[at] = clamp(level + 30 * v);
      rgb[at + 1] = clamp(level);
      rgb[at + 2] = clamp(level + 40 * u);
    }
  }
  return { width, height, rgb };
}

export function drawClip(count: number, width = 160, height = 120, seed = 1): RawFrame[] {
  return Array.from({ length: count }, (_, index) => drawFrame(width, height, index * 0.06, seed));
}

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff';

export function encodeImage(frame: RawFrame, format: ImageFormat): Promise<Buffer> {
  return openRaw(frame).toFormat(format, { quality: 90 }).toBuffer();
}

/** A GIF or WebP whose pages each stay for `delayMs`. */
export async function encodeAnimation(frames: readonly RawFrame[], format: 'gif' | 'webp', delayMs: number) {
  const pages = await Promise.all(frames.map((frame) => openRaw(frame).png().toBuffer()));
  const joined = sharp(pages, { join: { animated: true } });
  return joined.toFormat(format, { delay: frames.map(() => delayMs), loop: 0 }).toBuffer();
}

export function openRaw({ rgb, width, height }: RawFrame) {
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** Encodes and muxes; returns the bytes of the file. */
export function encodeClip(options: ClipOptions): Buffer {
  const path = join(tmpdir(), `floodgate-sample-${process.pid}-${Math.random().toString(36).slice(2)}`);
  try {
    writeClip(path, options);
    return readFileSync(path);
  } finally {
    rmSync(path, { force: true });
  }
}

function writeClip(path: string, options: ClipOptions): void {
  const { framesPerSecond = 25 } = options;
  const output = new lib.FormatContext();
  must(output.allocOutputContext2(null, options.muxer, path), 'muxer');
  const encoder = openEncoder(options, needsGlobalHeader(options.muxer));
  const stream = output.newStream(null);
  must(stream.codecpar.fromContext(encoder), 'parameters');
  stream.timeBase = new lib.Rational(1, framesPerSecond);
  stream.avgFrameRate = new lib.Rational(framesPerSecond, 1);
  if (options.displayMatrix !== undefined) addMatrix(stream, options.displayMatrix);
  must(output.openOutputSync(), 'open');
  must(output.writeHeaderSync(lib.Dictionary.fromObject({ ...options.muxerOptions })), 'header');
  const packet = new lib.Packet();
  packet.alloc();
  const drain = () => {
    while (encoder.receivePacketSync(packet) >= 0) {
      packet.streamIndex = 0;
      if (packet.duration <= 0n) packet.duration = 1n;
      packet.rescaleTs({ num: 1, den: framesPerSecond }, stream.timeBase);
      must(output.interleavedWriteFrameSync(packet), 'write');
      packet.unref();
    }
  };
  encodeFrames(encoder, options, drain);
  must(output.writeTrailerSync(), 'trailer');
  output.closeOutputSync();
  encoder.freeContext();
  packet.free();
}

function encodeFrames(encoder: lib.CodecContext, options: ClipOptions, drain: () => void): void {
  const scaler = new lib.SoftwareScaleContext();
  scaler.allocContext();
  for (const [index, raw] of options.frames.entries()) {
    const source = lib.Frame.fromVideoBuffer(raw.rgb, { ...raw, format: constants.AV_PIX_FMT_RGB24 });
    const frame = new lib.Frame();
    frame.alloc();
    frame.width = raw.width;
    frame.height = raw.height;
    frame.format = encoder.pixelFormat;
    frame.colorRange = options.pixelFormat === 'yuvj420p' ? constants.AVCOL_RANGE_JPEG : constants.AVCOL_RANGE_MPEG;
    must(frame.getBuffer(), 'frame');
    must(scaler.scaleFrameSync(frame, source), 'scale');
    frame.pts = BigInt(index);
    must(encoder.sendFrameSync(frame), 'encode');
    drain();
    frame.free();
    source.free();
  }
  encoder.sendFrameSync(null);
  drain();
  scaler.freeContext();
}

function openEncoder(options: ClipOptions, globalHeader: boolean): lib.CodecContext {
  const { framesPerSecond = 25, gop = 25, bFrames = 0, pixelFormat = 'yuv420p', frames } = options;
  const codec = lib.Codec.findEncoderByName(options.encoder as Parameters<typeof lib.Codec.findEncoderByName>[0]);
  const first = frames[0];
  if (codec === null || first === undefined) throw new Error(`no encoder ${options.encoder}, or no frames`);
  const encoder = new lib.CodecContext();
  encoder.allocContext3(codec);
  encoder.width = first.width;
  encoder.height = first.height;
  encoder.pixelFormat = lib.avGetPixFmtFromName(pixelFormat);
  encoder.timeBase = new lib.Rational(1, framesPerSecond);
  encoder.framerate = new lib.Rational(framesPerSecond, 1);
  encoder.gopSize = gop;
  encoder.maxBFrames = bFrames;
  encoder.threadCount = 1;
  if (!('crf' in (speedOptions[options.encoder] ?? {}))) encoder.bitRate = 1_500_000n;
  if (pixelFormat === 'yuvj420p') encoder.colorRange = constants.AVCOL_RANGE_JPEG;
  if (globalHeader) encoder.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
  const speed = speedOptions[options.encoder] ?? {};
  // Options one by one: a dictionary given to open2Sync is freed twice in node-av 6.1.1.
  for (const [name, value] of Object.entries({ ...speed, ...options.encoderOptions })) {
    must(encoder.setOption(name, value), `option ${name}`);
  }
  must(encoder.open2Sync(codec, null), 'open encoder');
  return encoder;
}

const speedOptions: Record<string, Record<string, string>> = {
  libx264: { preset: 'ultrafast', crf: '18', 'x264-params': 'scenecut=0' },
  libx264rgb: { preset: 'ultrafast', crf: '18', 'x264-params': 'scenecut=0' },
  libx265: { preset: 'ultrafast', crf: '18', 'x265-params': 'log-level=none:pools=none' },
  libvpx: { deadline: 'realtime', 'cpu-used': '8' },
  'libvpx-vp9': { deadline: 'realtime', 'cpu-used': '8' },
  libsvtav1: { preset: '12', crf: '25' },
};

function needsGlobalHeader(muxer: ClipOptions['muxer']): boolean {
  return muxer !== 'mpegts' && muxer !== 'avi';
}

function addMatrix(stream: lib.Stream, matrix: readonly number[]): void {
  const data = Buffer.alloc(36);
  for (const [index, value] of matrix.entries()) data.writeInt32LE(value, index * 4);
  must(stream.codecpar.addCodedSideData(constants.AV_PKT_DATA_DISPLAYMATRIX, data), 'matrix');
}

function must(code: number, what: string): void {
  if (code < 0) throw new Error(`${what}: ${new lib.FFmpegError(code).message}`);
}

function makeDiscs(seed: number, phase: number) {
  return Array.from({ length: 9 }, (_, index) => {
    const angle = seed * 2.4 + index * 1.7;
    return {
      cx: 0.5 + 0.4 * Math.sin(angle * 1.3 + phase * (1 + (index % 3))),
      cy: 0.5 + 0.4 * Math.cos(angle * 0.7 - phase),
      radius: 0.06 + 0.02 * ((index * seed) % 5),
      gain: index % 2 === 0 ? 70 : -70,
    };
  });
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}

/** Writes bytes to a new file in `folder` and returns its path. */
export function writeSample(folder: string, name: string, bytes: Buffer): string {
  const path = join(folder, name);
  const fd = openSync(path, 'w', 0o600);
  writeSync(fd, bytes);
  closeSync(fd);
  return path;
}
