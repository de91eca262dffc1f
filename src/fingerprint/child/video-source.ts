/** `FrameSource` on node-av's low-level synchronous interface. */
import type { CodecContext, FormatContext, Frame, Packet, Stream } from 'node-av/lib';
import { limits } from '../../config/limits.ts';
import type { MediaFacts } from '../../contracts/decision.ts';
import type { DihedralHashes, Hasher } from '../../kernel/hasher.ts';
import { ContentFailure } from './failure.ts';
import type { FrameSource, PacketFacts, Picture } from './frame-source.ts';
import { GrayScaler } from './gray-scaler.ts';
import { aspectOf, readDisplayMatrix, type Turn } from './rotation.ts';
import type { VideoType } from './sniff.ts';
import type { Av } from './video-backend.ts';
import { findVideo, openContainer, openDecoder } from './video-opening.ts';

/** A step back in time by more than this is a break in the timestamps, not the order of B-frames. */
const breakMs = 1_000;
/** Transport streams have no index, and a seek may well land behind the key frame. */
const seekMarginMs = 2_000;

/** `fd` is open for reading and stands at its start. Throws ContentFailure: unsupported, undecodable, too_large. */
export function openVideo(av: Av, fd: number, type: VideoType, hasher: Hasher): FrameSource {
  const container = openContainer(av, fd, type);
  try {
    return new VideoSource(av, container, type, hasher);
  } catch (error) {
    container.closeInputSync();
    throw error;
  }
}

class VideoSource implements FrameSource {
  readonly media: MediaFacts;
  readonly aspect: number;
  readonly durationMs: number;
  readonly frameMs: number;
  readonly mustDecodeInOrder: boolean;
  faults = 0;
  readonly #av: Av;
  readonly #container: FormatContext;
  readonly #stream: Stream;
  readonly #decoder: CodecContext;
  readonly #scaler: GrayScaler;
  readonly #hasher: Hasher;
  readonly #turn: Turn | null;
  readonly #packet: Packet;
  /** Two, so that the picture before the latest can still be chosen. */
  readonly #frames: readonly [Frame, Frame];
  #slot: 0 | 1 = 0;
  readonly #msPerTick: number;
  readonly #startTicks: bigint;
  #packetMs = 0;
  #onward = false;
  /** The decoder leaves out frames that no other needs. */
  #skips = false;
  /** Decoding onward begins at the first key frame that is not before this; null: at the next packet, key or not. */
  #entryMs: number | null = null;
  #draining = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #shiftMs = 0;

  constructor(av: Av, container: FormatContext, type: VideoType, hasher: Hasher) {
    const video = findVideo(av, container);
    this.#av = av;
    this.#container = container;
    this.#hasher = hasher;
    this.#stream = video.stream;
    this.media = { kind: 'video', container: type, codec: video.codecName, width: video.width, height: video.height };
    this.#msPerTick = this.#stream.timeBase.toDouble() * 1_000;
    this.#startTicks = this.#stream.startTime === av.AV_NOPTS_VALUE ? 0n : this.#stream.startTime;
    this.durationMs = this.#readDuration();
    this.frameMs = 1_000 / this.#stream.avgFrameRate.toDouble() || Number.POSITIVE_INFINITY;
    this.mustDecodeInOrder = video.mustDecodeInOrder;
    this.#turn = readDisplayMatrix(this.#stream.codecpar.getCodedSideData(av.AV_PKT_DATA_DISPLAYMATRIX));
    this.aspect = aspectOf(video.width, video.height, this.#stream.codecpar.sampleAspectRatio.toDouble(), this.#turn);
    this.#decoder = openDecoder(av, video);
    this.#scaler = new GrayScaler(av);
    this.#packet = new av.Packet();
    this.#packet.alloc();
    this.#frames = [new av.Frame(), new av.Frame()];
    for (const frame of this.#frames) frame.alloc();
  }

  seekBefore(timeMs: number): boolean {
    // A millisecond more, or rounding would hide the key frame that lies exactly there.
    return this.#seek(timeMs + 1);
  }

  enterAt(keyMs: number): boolean {
    const fromMs = keyMs - (this.media.container === 'mpegts' ? seekMarginMs : 0);
    const found = fromMs < 0 ? this.rewind() : this.#seek(fromMs + 1);
    this.#entryMs = keyMs;
    return found;
  }

  rewind(): boolean {
    if (this.media.container !== 'mpegts') return this.#seek(0);
    this.#restartDecoder();
    return this.#container.seekFrameSync(-1, 0n, this.#av.AVSEEK_FLAG_BYTE) >= 0;
  }

  nextPacket(): PacketFacts | null {
    while (this.#read()) {
      if (this.#packet.streamIndex !== this.#stream.index) continue;
      this.#refuseEncrypted();
      return { timeMs: this.#packetMs, isKey: this.#packet.isKeyframe };
    }
    return null;
  }

  decodeKeyPacket(): Picture | null {
    this.#restartDecoder();
    // No other picture is built on this one, and at the size of the kernel's frame blocks do not show: a sixth less work.
    this.#decoder.setOption('skip_loop_filter', 'all');
    const isHidden = (this.#packet.flags & this.#av.AV_PKT_FLAG_DISCARD) !== 0;
    const sent = this.#decoder.sendPacketSync(this.#packet);
    this.#decoder.sendPacketSync(null);
    const picture = sent < 0 ? null : this.#receive();
    this.#decoder.flushBuffers();
    // A packet outside the edit list gives no picture and is no fault.
    if (picture === null && !isHidden) this.faults++;
    return picture;
  }

  decodeOnward(isWanted: (timeMs: number) => boolean): Picture | 'again' | 'end' {
    if (!this.#onward) this.#startOnward();
    const waiting = this.#receive();
    if (waiting !== null) return this.#keepForward(waiting);
    if (this.#draining) return 'end';
    const packet = this.nextPacket();
    if (packet !== null && this.#entryMs !== null && !(packet.isKey && packet.timeMs >= this.#entryMs)) return 'again';
    this.#entryMs = null;
    this.#draining = packet === null;
    if (packet !== null) this.#skipUnneeded(!isWanted(packet.timeMs + this.#shiftMs));
    if (this.#decoder.sendPacketSync(packet === null ? null : this.#packet) < 0) this.faults++;
    const picture = this.#receive();
    return picture === null ? 'again' : this.#keepForward(picture);
  }

  hash(picture: Picture): DihedralHashes {
    this.#scaler.scale(this.#frames[picture.slot === 0 ? 0 : 1], this.#turn, this.#hasher);
    return this.#hasher.hashDihedral();
  }

  close(): void {
    for (const frame of this.#frames) frame.free();
    this.#packet.free();
    this.#scaler.close();
    this.#decoder.freeContext();
    this.#container.closeInputSync();
  }

  #readDuration(): number {
    const ofStream = this.#stream.duration;
    const ofContainer = this.#container.duration;
    const streamMs = ofStream > 0n ? Number(ofStream) * this.#msPerTick : 0;
    const containerMs = ofContainer > 0n ? Number(ofContainer) / 1_000 : 0;
    const durationMs = Math.round(streamMs > 0 ? streamMs : containerMs);
    if (durationMs > limits.videoDurationMsMax) throw new ContentFailure('too_large', 'the video is too long');
    return durationMs;
  }

  #seek(timeMs: number): boolean {
    this.#restartDecoder();
    const ticks = this.#startTicks + BigInt(Math.ceil(timeMs / this.#msPerTick));
    return this.#container.seekFrameSync(this.#stream.index, ticks, this.#av.AVSEEK_FLAG_BACKWARD) >= 0;
  }

  #restartDecoder(): void {
    this.#decoder.flushBuffers();
    this.#onward = false;
    this.#draining = false;
    this.#entryMs = null;
  }

  #startOnward(): void {
    this.#decoder.setOption('skip_loop_filter', 'default');
    this.#onward = true;
    this.#lastMs = Number.NEGATIVE_INFINITY;
    this.#shiftMs = 0;
  }

  #skipUnneeded(skips: boolean): void {
    if (skips === this.#skips) return;
    this.#skips = skips;
    this.#decoder.setOption('skip_frame', skips ? 'noref' : 'default');
  }

  #read(): boolean {
    const { AVERROR_EOF, AV_NOPTS_VALUE } = this.#av;
    this.#packet.unref();
    const code = this.#container.readFrameSync(this.#packet);
    if (code < 0) {
      if (code !== AVERROR_EOF) this.faults++;
      return false;
    }
    const ticks = this.#packet.pts === AV_NOPTS_VALUE ? this.#packet.dts : this.#packet.pts;
    if (ticks !== AV_NOPTS_VALUE) this.#packetMs = this.#toMs(ticks);
    return true;
  }

  /** Common encryption leaves the codec readable and the pictures noise, which must not be hashed. */
  #refuseEncrypted(): void {
    if (this.#packet.getSideData(this.#av.AV_PKT_DATA_ENCRYPTION_INFO) === null) return;
    throw new ContentFailure('undecodable', 'the video is encrypted');
  }

  #receive(): Picture | null {
    const slot = this.#slot === 0 ? 1 : 0;
    const frame = this.#frames[slot];
    frame.unref();
    if (this.#decoder.receiveFrameSync(frame) < 0) return null;
    this.#slot = slot;
    const ticks = frame.bestEffortTimestamp;
    const timeMs = ticks === this.#av.AV_NOPTS_VALUE ? this.#packetMs : this.#toMs(ticks);
    const corrupt = frame.decodeErrorFlags !== 0 || (frame.flags & this.#av.AV_FRAME_FLAG_CORRUPT) !== 0;
    if (corrupt) this.faults++;
    return { timeMs, corrupt, slot };
  }

  /** Joins broken timestamps, so that a jump back does not hide what follows it. */
  #keepForward(picture: Picture): Picture {
    let timeMs = picture.timeMs + this.#shiftMs;
    if (timeMs < this.#lastMs - breakMs) {
      this.#shiftMs += this.#lastMs - timeMs;
      timeMs = this.#lastMs;
    }
    this.#lastMs = Math.max(this.#lastMs, timeMs);
    return { ...picture, timeMs };
  }

  #toMs(ticks: bigint): number {
    return Math.max(0, Math.round(Number(ticks - this.#startTicks) * this.#msPerTick));
  }
}
