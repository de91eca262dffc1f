/** Encodes frames and writes them into a container, with node-av's low-level Sync API. */
import {
  AV_BUFFERSRC_FLAG_NONE,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_MPEG,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVFMT_GLOBALHEADER,
  type FFEncoderCodec,
} from 'node-av/constants';
import {
  Codec,
  CodecContext,
  FFmpegError,
  Filter,
  type FilterContext,
  FilterGraph,
  FilterInOut,
  FormatContext,
  Frame,
  Log,
  Packet,
  Rational,
  type Stream,
} from 'node-av/lib';
import type { EncodeSettings, VideoCodec } from '../media-job.ts';

// Encoders describe themselves at length per file; only errors belong in the parent's messages.
Log.setLevel(AV_LOG_ERROR);

interface EncoderChoice {
  readonly name: string;
  readonly crf: number;
  /** Quick rather than small: a bench makes hundreds of copies on two cores. */
  readonly options: (crf: number) => Record<string, string>;
}

const choices: Record<VideoCodec, EncoderChoice> = {
  h264: { name: 'libx264', crf: 26, options: (crf) => ({ preset: 'superfast', crf: `${crf}` }) },
  hevc: {
    name: 'libx265',
    crf: 28,
    options: (crf) => ({
      preset: 'ultrafast',
      crf: `${crf}`,
      'x265-params': 'log-level=none:pools=none:frame-threads=1',
    }),
  },
  vp9: {
    name: 'libvpx-vp9',
    crf: 42,
    options: (crf) => ({ deadline: 'realtime', 'cpu-used': '8', b: '0', crf: `${crf}` }),
  },
  // VP8 takes its rate factor only under a ceiling on the bit rate.
  vp8: {
    name: 'libvpx',
    crf: 34,
    options: (crf) => ({ deadline: 'realtime', 'cpu-used': '8', b: '3M', crf: `${crf}` }),
  },
  av1: { name: 'libsvtav1', crf: 40, options: (crf) => ({ preset: '12', crf: `${crf}`, 'svtav1-params': 'lp=1' }) },
  mpeg4: { name: 'mpeg4', crf: 5, options: (crf) => ({ qmin: `${crf}`, qmax: `${crf}`, b: '8M' }) },
  mpeg2video: { name: 'mpeg2video', crf: 5, options: (crf) => ({ qmin: `${crf}`, qmax: `${crf}`, b: '8M' }) },
};

export interface WriterOptions {
  readonly output: string;
  readonly encode: EncodeSettings;
  readonly framesPerSecond: Rational;
  /** Shape of the frames that come in, as arguments of FFmpeg's `buffer` filter. */
  readonly sourceArguments: string;
  /** Filters between the frames that come in and the encoder, for example "hflip". */
  readonly filters: readonly string[];
}

export interface WrittenVideo {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly durationSeconds: number;
}

export interface VideoWriter {
  /** Takes a frame; the caller keeps it. */
  write(frame: Frame): void;
  /** Flushes, writes the trailer and frees everything. */
  finish(): WrittenVideo;
  /** Frees everything; what was written is of no use. */
  abandon(): void;
}

/** Times come out at a constant rate: every container and encoder takes that, unlike variable rates. */
export function openVideoWriter(options: WriterOptions): VideoWriter {
  const graph = buildGraph(options);
  const { encoder, container, stream } = openOutput(options, graph.sink);
  const frame = new Frame();
  frame.alloc();
  const packet = new Packet();
  packet.alloc();
  const width = encoder.width;
  const height = encoder.height;
  let frames = 0;

  function free(): void {
    container.closeOutputSync();
    frame.free();
    packet.free();
    encoder.freeContext();
    graph.graph.free();
    container.freeContext();
  }
  function encode(next: Frame | null): void {
    check(encoder.sendFrameSync(next), 'give a frame to the encoder');
    while (received(encoder.receivePacketSync(packet), 'encode')) {
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      packet.streamIndex = 0;
      check(container.interleavedWriteFrameSync(packet), 'write a packet');
      packet.unref();
    }
  }
  function pull(): void {
    while (received(graph.sink.buffersinkGetFrameSync(frame), 'filter')) {
      // A rate of 1/n as time base, so the running number is the time; it also hides rounding by the filters.
      frame.pts = BigInt(frames);
      frame.pictType = AV_PICTURE_TYPE_NONE;
      frames += 1;
      encode(frame);
      frame.unref();
    }
  }
  return {
    write(input) {
      check(graph.source.buffersrcAddFrameSync(input, AV_BUFFERSRC_FLAG_NONE), 'give a frame to the filters');
      pull();
    },
    finish() {
      try {
        check(graph.source.buffersrcAddFrameSync(null), 'end the filters');
        pull();
        if (frames === 0) throw new Error('no frame was left to encode');
        encode(null);
        check(container.writeTrailerSync(), 'write the trailer');
      } finally {
        free();
      }
      return { width, height, frames, durationSeconds: frames / options.framesPerSecond.toDouble() };
    },
    abandon: free,
  };
}

function buildGraph(options: WriterOptions): { graph: FilterGraph; source: FilterContext; sink: FilterContext } {
  const graph = new FilterGraph();
  graph.alloc();
  graph.nbThreads = 1;
  const source = graph.createFilter(requireFilter('buffer'), 'in', options.sourceArguments);
  const sink = graph.createFilter(requireFilter('buffersink'), 'out');
  if (source === null || sink === null) throw new Error('FFmpeg refused the ends of the filter graph');
  const outputs = FilterInOut.createList([{ name: 'in', filterCtx: source, padIdx: 0 }]);
  const inputs = FilterInOut.createList([{ name: 'out', filterCtx: sink, padIdx: 0 }]);
  const { num, den } = options.framesPerSecond;
  const chain = ['setpts=PTS-STARTPTS', `fps=${num}/${den}`, ...options.filters, 'setsar=1', 'format=yuv420p'].join(
    ',',
  );
  check(graph.parsePtr(chain, inputs, outputs), `parse the filters ${chain}`);
  check(graph.configSync(), `configure the filters ${chain}`);
  return { graph, source, sink };
}

function openOutput(
  options: WriterOptions,
  sink: FilterContext,
): { encoder: CodecContext; container: FormatContext; stream: Stream } {
  const container = new FormatContext();
  check(container.allocOutputContext2(null, null, options.output), 'choose a container');
  const encoder = openEncoder(options, sink, container.oformat?.hasFlags(AVFMT_GLOBALHEADER) ?? false);
  const stream = container.newStream(null);
  stream.timeBase = encoder.timeBase;
  stream.avgFrameRate = options.framesPerSecond;
  check(stream.codecpar.fromContext(encoder), 'describe the stream');
  check(container.openOutputSync(), `open ${options.output}`);
  check(container.writeHeaderSync(), 'write the header');
  return { encoder, container, stream };
}

function openEncoder(options: WriterOptions, sink: FilterContext, globalHeader: boolean): CodecContext {
  const choice = choices[options.encode.codec];
  const codec = Codec.findEncoderByName(choice.name as FFEncoderCodec);
  if (codec === null) throw new Error(`this FFmpeg has no encoder ${choice.name}`);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.width = sink.buffersinkGetWidth();
  encoder.height = sink.buffersinkGetHeight();
  encoder.pixelFormat = AV_PIX_FMT_YUV420P;
  encoder.colorRange = AVCOL_RANGE_MPEG;
  encoder.timeBase = options.framesPerSecond.inv();
  encoder.framerate = options.framesPerSecond;
  encoder.sampleAspectRatio = new Rational(1, 1);
  encoder.threadCount = 1;
  if (globalHeader) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  // Not as a Dictionary: node-av 6.1.1 frees the one given to open2Sync twice, which ends the process.
  for (const [name, value] of Object.entries(choice.options(options.encode.crf ?? choice.crf))) {
    check(encoder.setOption(name, value), `set ${name} of ${choice.name}`);
  }
  check(encoder.open2Sync(codec), `open the encoder ${choice.name}`);
  return encoder;
}

function requireFilter(name: string): Filter {
  const filter = Filter.getByName(name);
  if (filter === null) throw new Error(`this FFmpeg has no filter ${name}`);
  return filter;
}

/** Throws with what was being done when FFmpeg answers with an error. */
export function check(code: number, doing: string): void {
  if (code < 0) throw new Error(`could not ${doing}: ${FFmpegError.strerror(code)}`);
}

/** True when something was received, false when there is nothing for now or for good; throws on an error. */
export function received(code: number, doing: string): boolean {
  if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return false;
  check(code, doing);
  return true;
}
