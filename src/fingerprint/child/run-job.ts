/** One job in the child: sniff, open with what the type demands, sample. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Hasher } from '../../kernel/hasher.ts';
import type { FingerprintResult, SamplingMode } from '../fingerprinter.ts';
import { ContentFailure } from './failure.ts';
import type { FrameSink } from './frame-sink.ts';
import { sampleImage } from './image-source.ts';
import { RegionSink } from './region-sink.ts';
import { sampleDense, sampleSparse } from './sample-video.ts';
import { isImageType, sniff, sniffBytes, type VideoType } from './sniff.ts';
import type { VideoBackend } from './video-backend.ts';
import { openVideo } from './video-source.ts';

export interface ChildTools {
  readonly hasher: Hasher;
  readonly video: VideoBackend;
}

/** `slot` names the descriptor that holds the content. Throws ContentFailure. */
export async function runJob(slot: string, mode: SamplingMode, tools: ChildTools, sink: FrameSink) {
  // Opened anew for each job: the descriptor itself keeps the position at which the last job left it.
  const fd = openSync(slot, 'r');
  try {
    const type = sniff(readHead(fd));
    if (type === null) throw new ContentFailure('unsupported', 'not a type that is accepted');
    const parts = new RegionSink(sink, tools.hasher, mode);
    const result = isImageType(type)
      ? await sampleImage(fd, type, tools.hasher, parts)
      : await sampleVideo(fd, type, mode, tools, parts);
    await parts.lookCloser();
    return { ...result, complete: result.complete && !sink.stopped };
  } finally {
    closeSync(fd);
  }
}

async function sampleVideo(
  fd: number,
  type: VideoType,
  mode: SamplingMode,
  { video, hasher }: ChildTools,
  sink: FrameSink,
): Promise<FingerprintResult> {
  if (video.av === null) throw new ContentFailure('unsupported', video.missing);
  const source = openVideo(video.av, fd, type, hasher);
  try {
    if (mode.kind === 'sparse') return await sampleSparse(source, sink, mode.keyFramesOnly === true);
    return await sampleDense(source, sink, mode);
  } finally {
    source.close();
  }
}

function readHead(fd: number): Buffer {
  const head = Buffer.alloc(sniffBytes);
  return head.subarray(0, readSync(fd, head, 0, sniffBytes, 0));
}
