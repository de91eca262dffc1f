/**
 * How near content comes to a block that an upload does not show, and how often, carried on from what was measured, it would
 * be blocked by it. Every upload is examined in full, against a bank without its own content, which is searched as one of a
 * million hashes is.
 */
import type { Terminal } from '../../../src/cli/terminal.ts';
import { withEngine } from './engine.ts';
import { type Kind, knownIdOf, type MediaFile, spread, type Variant } from './media-files.ts';
import { type Banked, sharesScene } from './score.ts';
import { bankAll, planBanked, planWithoutSource, type Result, submitAll, type Upload } from './submit.ts';
import { estimateTail, peaksMin } from './tail.ts';

/** Of images so many are submitted: each takes the search of a whole bank. */
const imagesMax = 1_500;
/** The tail is what so many of the uploads come nearest by. */
const tailShare = 0.02;
const nearestListed = 5;
const million = 1_000_000;

export interface Calibration {
  readonly uploads: number;
  readonly contents: number;
  readonly bankHashes: number;
  /** Uploads with a line of other content, however weak. */
  readonly withLine: number;
  /** 0 and more is a false block; null without a line. */
  readonly greatestMargin: number | null;
  readonly nearest: readonly { readonly upload: string; readonly content: string; readonly margin: number }[];
  /** Null where too few lines were seen to carry on from. */
  readonly tail: {
    readonly peaks: number;
    readonly threshold: number;
    readonly shape: number;
    readonly scale: number;
    readonly falseBlocksPerUpload: number;
    readonly falseBlocksPerUploadUpper95: number;
    /** The same for a bank of a million hashes: as many times as it is larger. */
    readonly falseBlocksPerUploadOfMillion: number;
    readonly falseBlocksPerUploadOfMillionUpper95: number;
  } | null;
}

export interface CalibrationInput {
  readonly known: readonly MediaFile[];
  readonly sourced: ReadonlyMap<Variant, MediaFile>;
  readonly seed: number;
}

export async function calibrate(
  { known, sourced, seed }: CalibrationInput,
  kind: Kind,
  terminal: Terminal,
): Promise<Calibration> {
  const files = known.filter((file) => file.kind === kind);
  const variants = new Map([...sourced].filter(([variant]) => variant.kind === kind));
  return withEngine(
    terminal,
    async (engine) => {
      const { banked } = await bankAll(files, engine, terminal);
      const all = [...planWithoutSource(variants, banked), ...planBanked(files, banked)];
      const uploads = kind === 'image' ? spread(all, imagesMax) : all;
      const results = await submitAll(uploads, banked, engine, terminal);
      return calibrationOf(results, banked, engine.deepHashes(), seed);
    },
    { asLargeBank: true },
  );
}

/** What is nearest to a block of each upload decides; what has no line at all lies below all others. */
export function calibrationOf(
  results: readonly Result[],
  banked: Banked,
  bankHashes: number,
  seed: number,
): Calibration {
  const nearest = results.flatMap((result) => nearestOf(result, banked) ?? []).sort((a, b) => b.margin - a.margin);
  const peaks = Math.min(nearest.length - 1, Math.max(peaksMin, Math.ceil(results.length * tailShare)));
  const margins = nearest.map(({ margin }) => margin);
  const tail = estimateTail(margins, results.length, { peaks, level: 0, seed });
  const larger = million / Math.max(1, bankHashes);
  return {
    uploads: results.length,
    contents: new Set([...banked.values()].map(({ contentId }) => contentId)).size,
    bankHashes,
    withLine: nearest.length,
    greatestMargin: nearest[0]?.margin ?? null,
    nearest: nearest.slice(0, nearestListed),
    tail:
      tail === undefined
        ? null
        : {
            peaks: tail.peaks,
            threshold: tail.threshold,
            shape: tail.shape,
            scale: tail.scale,
            falseBlocksPerUpload: tail.share,
            falseBlocksPerUploadUpper95: tail.shareUpper95,
            falseBlocksPerUploadOfMillion: tail.share * larger,
            falseBlocksPerUploadOfMillionUpper95: tail.shareUpper95 * larger,
          },
  };
}

/** Of content that is neither the upload's own, nor one of its fillers, nor of a scene with any of these. */
function nearestOf({ upload, examined }: Result, banked: Banked) {
  const files = new Map([...banked.values()].map((file) => [knownIdOf(file.id), file]));
  const lines = examined.margins.flatMap(({ contentId, margin }) => {
    const file = files.get(contentId);
    return file === undefined || !Number.isFinite(margin) || isRelated(file, upload, banked)
      ? []
      : [{ upload: upload.key, content: file.id, margin }];
  });
  return lines.sort((a, b) => b.margin - a.margin)[0];
}

function isRelated(file: MediaFile, { truth }: Upload, banked: Banked): boolean {
  if (file.contentId === truth.contentId || truth.fillers.has(file.contentId)) return true;
  const shown = [...banked.values()].filter(({ contentId }) => truth.fillers.has(contentId));
  return sharesScene(file, truth) || shown.some((filler) => sharesScene(file, filler));
}
