/**
 * The change check: does the upload change between two of its frames as the known content does between the two that it is
 * said to show? What stands still agrees between any two takes of one scene, and between two faces in front of one wall;
 * what moves does not. Captions and logos fall away, for they stand still.
 */
import { correlationIn, type Laid, momentsOf, wholeGrid } from './moments.ts';

export interface ChangeAgreement {
  /** -1 to 1: correlation of the two changes. */
  readonly agreement: number;
  /** Gray levels by which the known content changes, root mean square. */
  readonly levels: number;
}

/** Changes below it are noise of encoding, gray levels. */
const levelsMin = 5;

/**
 * Of all pairs of moments in which the known content changes enough, weighted by how much it changes. Null when it stands
 * still, or there is one moment alone: nothing is then known of change.
 */
export function compareChanges(compared: readonly Laid[]): ChangeAgreement | null {
  const aligned = compared.map(toKnownLevels);
  let [weights, agreed, squares] = [0, 0, 0];
  aligned.forEach((one, index) => {
    for (const other of aligned.slice(index + 1)) {
      const change = changeBetween(one, other);
      if (change.levels < levelsMin) continue;
      const weight = change.levels;
      weights += weight;
      agreed += weight * change.agreement;
      squares += weight * change.levels ** 2;
    }
  });
  return weights === 0 ? null : { agreement: agreed / weights, levels: Math.sqrt(squares / weights) };
}

function changeBetween(one: Laid, other: Laid): ChangeAgreement {
  const cells = one.inside.length;
  const inside = new Uint8Array(cells);
  const known = new Float32Array(cells);
  const upload = new Float32Array(cells);
  let [count, squares] = [0, 0];
  for (let at = 0; at < cells; at++) {
    if (((one.inside[at] ?? 0) & (other.inside[at] ?? 0)) === 0) continue;
    inside[at] = 1;
    const change = (one.known[at] ?? 0) - (other.known[at] ?? 0);
    known[at] = change;
    upload[at] = (one.upload[at] ?? 0) - (other.upload[at] ?? 0);
    count += 1;
    squares += change * change;
  }
  const agreement = correlationIn(momentsOf(known, upload, inside, wholeGrid));
  return { agreement, levels: Math.sqrt(squares / Math.max(1, count)) };
}

/** The upload in the brightness and contrast of the known picture: edits change both, and exposure wanders. */
function toKnownLevels({ known, upload, inside }: Laid): Laid {
  const ofKnown = levelsOf(known, inside);
  const ofUpload = levelsOf(upload, inside);
  const gain = ofUpload.deviation > 0 ? ofKnown.deviation / ofUpload.deviation : 1;
  const levelled = new Float32Array(upload.length);
  for (let at = 0; at < levelled.length; at++) {
    levelled[at] = ((upload[at] ?? 0) - ofUpload.mean) * gain + ofKnown.mean;
  }
  return { known, inside, upload: levelled };
}

function levelsOf(values: Float32Array, inside: Uint8Array) {
  let [count, sum, squares] = [0, 0, 0];
  for (let at = 0; at < values.length; at++) {
    if (inside[at] === 0) continue;
    const value = values[at] ?? 0;
    count += 1;
    sum += value;
    squares += value * value;
  }
  const mean = sum / Math.max(1, count);
  return { mean, deviation: Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean)) };
}
