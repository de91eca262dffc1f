/** Decodes the video of a trusted file from its start, with node-av's low-level Sync API. */
import { AV_NOPTS_VALUE, AV_PKT_DATA_DISPLAYMATRIX, AVERROR_EOF, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { Codec, CodecContext, FormatContext, Frame, Packet, Rational, type Stream } from 'node-av/lib';
import { check, received } from './video-writer.ts';

export interface VideoFacts {
  readonly width: number;
  readonly height: number;
  readonly timeBase: Rational;
  /** Average frames per second as announced, or 25 when the file says nothing of use. */
  readonly framesPerSecond: Rational;
  /** Quarter turns clockwise that a player applies. */
  readonly quarterTurns: number;
  /** Arguments of FFmpeg's `buffer` filter for the frames. */
  readonly sourceArguments: string;
}

export interface VideoReader {
  readonly facts: VideoFacts;
  /** Duration in seconds, 0 when the file does not say. */
  readonly durationSeconds: number;
  /**
   * Calls back per frame with its time in seconds since the first frame; returning false stops. The frame is only valid
   * during the call. Broken packets are skipped, as players do.
   */
  readEach(onFrame: (frame: Frame, seconds: number) => boolean): void;
  close(): void;
}

export function openVideoReader(path: string): VideoReader {
  const container = new FormatContext();
  check(container.openInputSync(`file:${path}`), `open ${path}`);
  check(container.findStreamInfoSync(), `read the streams of ${path}`);
  const index = container.findBestStream(AVMEDIA_TYPE_VIDEO);
  const stream = container.streams[index];
  if (index < 0 || stream === undefined) {
    container.closeInputSync();
    throw new Error(`${path} has no video`);
  }
  const decoder = openDecoder(stream);
  const facts = describe(stream, decoder);
  return {
    facts,
    durationSeconds: readDuration(container, stream),
    readEach(onFrame) {
      decodeAll(container, decoder, index, facts.timeBase.toDouble(), onFrame);
    },
    close() {
      decoder.freeContext();
      container.closeInputSync();
    },
  };
}

function openDecoder(stream: Stream): CodecContext {
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  if (codec === null) throw new Error(`this FFmpeg cannot decode codec ${stream.codecpar.codecId}`);
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  check(decoder.parametersToContext(stream.codecpar), 'describe the decoder');
  decoder.pktTimebase = stream.timeBase;
  decoder.threadCount = 1;
  check(decoder.open2Sync(codec), 'open the decoder');
  return decoder;
}

function describe(stream: Stream, decoder: CodecContext): VideoFacts {
  const { width, height } = decoder;
  const timeBase = stream.timeBase;
  const rate = stream.avgFrameRate.num > 0 ? stream.avgFrameRate : stream.rFrameRate;
  return {
    width,
    height,
    timeBase,
    framesPerSecond: rate.num > 0 && rate.den > 0 ? rate : new Rational(25, 1),
    quarterTurns: readQuarterTurns(stream),
    sourceArguments: [
      `video_size=${width}x${height}`,
      `pix_fmt=${decoder.pixelFormat}`,
      `time_base=${timeBase.num}/${timeBase.den}`,
      `colorspace=${decoder.colorSpace}`,
      `range=${decoder.colorRange}`,
    ].join(':'),
  };
}

/** Of the video where the file says so: the sound may be longer. */
function readDuration(container: FormatContext, stream: Stream): number {
  if (stream.duration > 0n) return Number(stream.duration) * stream.timeBase.toDouble();
  return container.duration > 0n ? Number(container.duration) / 1e6 : 0;
}

/** The display matrix is nine 16.16 fixed-point numbers; the first row gives the angle, counter-clockwise. */
function readQuarterTurns(stream: Stream): number {
  const matrix = stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX);
  if (matrix === null || matrix.length < 36) return 0;
  const angle = Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0));
  return (Math.round(angle / (Math.PI / 2)) + 4) % 4;
}

function decodeAll(
  container: FormatContext,
  decoder: CodecContext,
  index: number,
  secondsPerTick: number,
  onFrame: (frame: Frame, seconds: number) => boolean,
): void {
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  let first: bigint | null = null;
  const drain = (): boolean => {
    while (received(decoder.receiveFrameSync(frame), 'decode')) {
      const ticks = frame.bestEffortTimestamp;
      if (ticks !== AV_NOPTS_VALUE) {
        first ??= ticks;
        frame.pts = ticks;
        if (!onFrame(frame, Number(ticks - first) * secondsPerTick)) return false;
      }
      frame.unref();
    }
    return true;
  };
  try {
    let wanted = true;
    while (wanted && container.readFrameSync(packet) >= 0) {
      if (packet.streamIndex === index && decoder.sendPacketSync(packet) >= 0) wanted = drain();
      packet.unref();
    }
    if (wanted && decoder.sendPacketSync(null) !== AVERROR_EOF) drain();
  } finally {
    frame.free();
    packet.free();
  }
}
