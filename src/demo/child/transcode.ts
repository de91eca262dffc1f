/** An edited copy of a video file: decode, filter, encode. Sound is dropped. */
import { statSync } from 'node:fs';
import { Rational } from 'node-av/lib';
import type { MadeVideo, TranscodeRequest } from '../media-job.ts';
import { chooseRate, listFilters } from './edit-plan.ts';
import { openVideoReader } from './video-reader.ts';
import { openVideoWriter } from './video-writer.ts';

/** Throws when nothing can be decoded, or when the trims leave no frame. */
export function transcode({ input, output, edits }: TranscodeRequest): MadeVideo {
  const reader = openVideoReader(input);
  try {
    const writer = openVideoWriter({
      output,
      encode: edits.encode,
      framesPerSecond: Rational.fromObject(chooseRate(reader.facts.framesPerSecond, edits)),
      sourceArguments: reader.facts.sourceArguments,
      filters: listFilters(reader.facts, edits),
    });
    const from = edits.trimStartSeconds ?? 0;
    // Without a trim the announced end is not trusted: frames behind it are kept.
    const cut = edits.trimEndSeconds ?? 0;
    const to = cut > 0 && reader.durationSeconds > 0 ? reader.durationSeconds - cut : Infinity;
    try {
      reader.readEach((frame, seconds) => {
        if (seconds >= to) return false;
        if (seconds >= from) writer.write(frame);
        return true;
      });
    } catch (error) {
      writer.abandon();
      throw error;
    }
    return { path: output, ...writer.finish(), bytes: statSync(output).size };
  } finally {
    reader.close();
  }
}
