/** What the edits asked for come to on a given video: its sides, its rate and the filters. Pure. */
import type { VideoEdits } from '../media-job.ts';

export interface Ratio {
  readonly num: number;
  readonly den: number;
}

/** Time bases of MPEG-4 hold 16 bits. */
const rateTermMax = 65_535;
const rateMax = 60;

/** The rate as announced if it will do. Announced rates can be absurd (1000 a second), so there is always a ceiling. */
export function chooseRate(announced: Ratio, edits: Pick<VideoEdits, 'framesPerSecond' | 'framesPerSecondMax'>): Ratio {
  const ceiling = edits.framesPerSecondMax ?? rateMax;
  const rate = edits.framesPerSecond ?? announced.num / announced.den;
  const { num, den } = announced;
  if (edits.framesPerSecond === undefined && rate <= ceiling && num <= rateTermMax && den <= rateTermMax)
    return announced;
  return { num: Math.max(1, Math.round(Math.min(rate, ceiling) * 1000)), den: 1000 };
}

/** Both sides even, as 4:2:0 asks, and the shape kept to within that; no side under 16, which some encoders refuse. */
export function chooseSize(
  width: number,
  height: number,
  edits: Pick<VideoEdits, 'scale' | 'heightMax'>,
): { width: number; height: number } {
  const { scale, heightMax = Infinity } = edits;
  const asked = scale === undefined ? height : 'factor' in scale ? height * scale.factor : scale.height;
  const factor = Math.min(asked, heightMax) / height;
  return { width: toEven(width * factor), height: toEven(height * factor) };
}

function toEven(side: number): number {
  return Math.max(16, 2 * Math.round(side / 2));
}

/** `quarterTurns` are those that a player applies, clockwise; the copy needs none any more. */
export function listFilters(
  video: { readonly width: number; readonly height: number; readonly quarterTurns: number },
  edits: VideoEdits,
): string[] {
  const turned = video.quarterTurns % 2 === 1;
  const size = chooseSize(turned ? video.height : video.width, turned ? video.width : video.height, edits);
  const filters = turnFilters(video.quarterTurns);
  if (edits.mirror === true) filters.push('hflip');
  filters.push(`scale=${size.width}:${size.height}:flags=bicubic:out_range=tv`);
  return filters;
}

function turnFilters(quarterTurns: number): string[] {
  if (quarterTurns === 1) return ['transpose=clock'];
  if (quarterTurns === 2) return ['hflip', 'vflip'];
  return quarterTurns === 3 ? ['transpose=cclock'] : [];
}
