/** Opens the container and the decoder of a video with everything forced that could be guessed otherwise. */
import type { AVCodecID } from 'node-av/constants';
import type { Codec, CodecContext, FormatContext, Stream } from 'node-av/lib';
import { limits } from '../../config/limits.ts';
import { ContentFailure } from './failure.ts';
import type { VideoType } from './sniff.ts';
import type { Av } from './video-backend.ts';

/** Demuxers by type: the short name to force, and the full name, which is what the white list compares. */
const demuxers: Record<VideoType, { readonly name: string; readonly fullName: string }> = {
  mp4: { name: 'mov', fullName: 'mov,mp4,m4a,3gp,3g2,mj2' },
  matroska: { name: 'matroska', fullName: 'matroska,webm' },
  avi: { name: 'avi', fullName: 'avi' },
  mpegts: { name: 'mpegts', fullName: 'mpegts' },
};

/** The only decoders that may run, by libav's names; probing is held to the same list. */
const decoderNames = ['h264', 'hevc', 'vp8', 'vp9', 'libdav1d', 'av1', 'mpeg4', 'mpeg2video'];

export interface FoundVideo {
  readonly stream: Stream;
  readonly decoder: Codec;
  readonly codecName: string;
  readonly width: number;
  readonly height: number;
  readonly mustDecodeInOrder: boolean;
}

export function openContainer(av: Av, fd: number, type: VideoType): FormatContext {
  const container = new av.FormatContext();
  container.allocContext();
  const { name, fullName } = demuxers[type];
  const options = av.Dictionary.fromObject({
    fd: String(fd),
    protocol_whitelist: 'fd',
    format_whitelist: fullName,
    codec_whitelist: decoderNames.join(','),
    max_streams: String(limits.videoStreamsMax),
    ...(type === 'mp4' ? { enable_drefs: '0', use_absolute_path: '0' } : {}),
  });
  const opened = container.openInputSync('fd:', av.InputFormat.findInputFormat(name), options);
  options.free();
  if (opened < 0) throw new ContentFailure('undecodable', `not readable as ${type}: ${errorText(av, opened)}`);
  const probed = container.findStreamInfoSync(null);
  if (probed >= 0) return container;
  container.closeInputSync();
  throw new ContentFailure('undecodable', `not readable as ${type}: ${errorText(av, probed)}`);
}

/** Throws ContentFailure when there is no video, or none that may be decoded. */
export function findVideo(av: Av, container: FormatContext): FoundVideo {
  if (container.nbStreams > limits.videoStreamsMax) throw new ContentFailure('too_large', 'too many streams');
  const stream = container.streams[container.findBestStream(av.AVMEDIA_TYPE_VIDEO)];
  if (stream === undefined || (stream.disposition & av.AV_DISPOSITION_ATTACHED_PIC) !== 0) {
    throw new ContentFailure('undecodable', 'there is no video in it');
  }
  refuseEncrypted(av, stream);
  const { codecId, width, height } = stream.codecpar;
  const codecName = codecNames(av).get(codecId);
  if (codecName === undefined)
    throw new ContentFailure('unsupported', `codec ${shortName(av, codecId)} is not accepted`);
  refuseLarge(width, height);
  const decoder = av.Codec.findDecoder(codecId);
  if (decoder === null || !decoderNames.includes(decoder.name ?? '')) {
    throw new ContentFailure('unsupported', `no accepted decoder for ${codecName}`);
  }
  leaveOutOthers(av, container, stream);
  return { stream, decoder, codecName, width, height, mustDecodeInOrder: isH264In444(av, stream) };
}

export function openDecoder(av: Av, video: FoundVideo): CodecContext {
  const context = new av.CodecContext();
  context.allocContext3(video.decoder);
  context.parametersToContext(video.stream.codecpar);
  // Jobs run side by side in children; threads within one cost CPU and gain nothing.
  context.threadCount = 1;
  context.pktTimebase = video.stream.timeBase;
  context.setOption('max_pixels', String(limits.framePixelsMax));
  const opened = context.open2Sync(video.decoder, null);
  if (opened >= 0) return context;
  context.freeContext();
  throw new ContentFailure('undecodable', `the ${video.codecName} decoder refuses it: ${errorText(av, opened)}`);
}

function codecNames(av: Av): Map<AVCodecID, string> {
  return new Map([
    [av.AV_CODEC_ID_H264, 'h264'],
    [av.AV_CODEC_ID_HEVC, 'hevc'],
    [av.AV_CODEC_ID_VP8, 'vp8'],
    [av.AV_CODEC_ID_VP9, 'vp9'],
    [av.AV_CODEC_ID_AV1, 'av1'],
    [av.AV_CODEC_ID_MPEG4, 'mpeg4'],
    [av.AV_CODEC_ID_MPEG2VIDEO, 'mpeg2'],
  ]);
}

function shortName(av: Av, codecId: AVCodecID): string {
  return av.avGetCodecName(codecId) ?? String(codecId);
}

function refuseLarge(width: number, height: number): void {
  if (width * height <= limits.framePixelsMax) return;
  throw new ContentFailure('too_large', `frames of ${width} x ${height} pixels`);
}

function refuseEncrypted(av: Av, stream: Stream): void {
  const isMarked = stream.codecpar.getCodedSideData(av.AV_PKT_DATA_ENCRYPTION_INIT_INFO) !== null;
  if (isMarked || stream.codecpar.codecTagString === 'encv') {
    throw new ContentFailure('undecodable', 'the video is encrypted');
  }
}

/** Demuxers drop the packets of other streams early, before they cost anything. */
function leaveOutOthers(av: Av, container: FormatContext, video: Stream): void {
  for (const stream of container.streams) {
    if (stream.index !== video.index) stream.discard = av.AVDISCARD_ALL;
  }
}

/**
 * x264 wrote some 4:4:4 streams in a way that decoders only correct while they remember a note in the first frame;
 * after a seek they give garbage without any error.
 */
function isH264In444(av: Av, stream: Stream): boolean {
  const { codecId, profile } = stream.codecpar;
  const profiles = [av.AV_PROFILE_H264_HIGH_444, av.AV_PROFILE_H264_HIGH_444_PREDICTIVE, av.AV_PROFILE_H264_CAVLC_444];
  // Above the low byte are flags, such as "intra only".
  return codecId === av.AV_CODEC_ID_H264 && profiles.some((known) => known === (profile & 0xff));
}

function errorText(av: Av, code: number): string {
  return new av.FFmpegError(code).message;
}
