/** Draws a film and encodes it. */
import { statSync } from 'node:fs';
import { AV_PIX_FMT_RGB24 } from 'node-av/constants';
import { Frame, Rational } from 'node-av/lib';
import { createCanvas } from '../canvas.ts';
import { findFilm, renderFilmFrame } from '../films.ts';
import type { FilmRequest, MadeVideo } from '../media-job.ts';
import { openVideoWriter, type VideoWriter, type WrittenVideo } from './video-writer.ts';

/** Throws when there is no film of that name. Sides are even. */
export function renderFilm(request: FilmRequest): MadeVideo {
  const { width, height, framesPerSecond, output, encode } = request;
  const writer = openVideoWriter({
    output,
    encode,
    framesPerSecond: new Rational(framesPerSecond, 1),
    sourceArguments: `video_size=${width}x${height}:pix_fmt=rgb24:time_base=1/${framesPerSecond}`,
    filters: ['scale=flags=bilinear:out_range=tv'],
  });
  return { path: output, ...drawInto(writer, request), bytes: statSync(output).size };
}

function drawInto(writer: VideoWriter, { filmId, width, height, framesPerSecond }: FilmRequest): WrittenVideo {
  try {
    const film = findFilm(filmId);
    const canvas = createCanvas(width, height);
    const pixels = Buffer.from(canvas.pixels.buffer);
    const timeBase = { num: 1, den: framesPerSecond };
    const frames = Math.round(film.durationSeconds * framesPerSecond);
    for (let index = 0; index < frames; index++) {
      renderFilmFrame(film, index / framesPerSecond, canvas);
      const frame = Frame.fromVideoBuffer(pixels, {
        width,
        height,
        format: AV_PIX_FMT_RGB24,
        timeBase,
        pts: BigInt(index),
      });
      // Without a duration the last frame would be dropped by the filter that keeps the rate.
      frame.duration = 1n;
      writer.write(frame);
      frame.free();
    }
  } catch (error) {
    writer.abandon();
    throw error;
  }
  return writer.finish();
}
