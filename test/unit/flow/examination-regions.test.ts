/** Goal: a copy that only parts of its picture give away is found while they are looked at, and told from a chance. */
import { describe, expect, it } from 'vitest';
import type { BankEntry } from '../../../src/bank/bank-records.ts';
import { limits } from '../../../src/config/limits.ts';
import { packThumbnails, packViews } from '../../../src/contracts/packed-frames.ts';
import { decide } from '../../../src/decision/decide.ts';
import { parsePolicy } from '../../../src/decision/policy.ts';
import type { HashedRegion, SampledFrame } from '../../../src/fingerprint/fingerprinter.ts';
import { Examination } from '../../../src/flow/examination.ts';
import { knownViews, type Region, regionOfView } from '../../../src/match/region.ts';
import { bankEntry, frames, sampledFrame } from '../../support/bank-entries.ts';
import { bankOf } from '../../support/fake-bank.ts';
import { dihedralHashes, flipped, hashNumber } from '../../support/hashes.ts';
import { pipelineRig, unrelated, videoResult } from '../../support/pipeline-rig.ts';
import { roughPicture } from '../../support/rough-picture.ts';

const count = 8;
const stepMs = 500;
const aspect = 16 / 9;
const view = 2;
/** The part of the upload's picture that shows the view of the known picture. */
const pasted: Region = { left: 0.25, top: 0.1, width: 0.7, height: 0.8, degrees: 0 };
const policy = parsePolicy({});
const viewHash = (at: number, ofView = view) => hashNumber(500_000 + at * knownViews.length + ofView);

/** Known by whole frames 0 to 7, and by views and thumbnails of them. */
const known: BankEntry = bankEntry({
  frames: frames(count),
  aspect,
  views: packViews(
    Array.from({ length: count }, (_, at) =>
      knownViews.map((_view, ofView) => ({
        timeMs: at * stepMs,
        view: ofView,
        quality: 80,
        hash: viewHash(at, ofView),
      })),
    ).flat(),
  ),
  thumbnails: packThumbnails(
    Array.from({ length: count }, (_, at) => ({
      timeMs: at * stepMs,
      pixels: roughPicture(at, limits.knownThumbnailSide),
    })),
  ),
});

/** The upload's picture: gray, and in `pasted` what the view shows of the known picture. */
function uploadPicture(at: number): Uint8Array {
  const side = limits.uploadThumbnailSide;
  const fine = roughPicture(at, 256);
  const part = regionOfView(view, aspect);
  return Uint8Array.from({ length: side * side }, (_, cell) => {
    const u = (((cell % side) + 0.5) / side - pasted.left) / pasted.width;
    const v = ((Math.floor(cell / side) + 0.5) / side - pasted.top) / pasted.height;
    if (u < 0 || u >= 1 || v < 0 || v >= 1) return 60;
    const [x, y] = [part.left + u * part.width, part.top + v * part.height];
    return fine[Math.floor(y * 256) * 256 + Math.floor(x * 256)] ?? 0;
  });
}

const frameAt = (at: number, thumbnail = uploadPicture(at)): SampledFrame => ({
  ...sampledFrame(hashNumber(unrelated + at), { timeMs: at * stepMs }),
  thumbnail,
});
const regionAt = (at: number, hash = flipped(viewHash(at), 40)): HashedRegion => ({
  region: pasted,
  tier: 1,
  quality: 80,
  hashes: dihedralHashes(hash),
});
const batchAt = (at: number, regions = [regionAt(at)]) => ({ timeMs: at * stepMs, aspect: 16 / 9, regions });

async function examinationOf(given: Parameters<typeof parsePolicy>[0] = {}): Promise<Examination> {
  const { bank } = await pipelineRig({ known: [known] });
  return new Examination({ bank, policy: parsePolicy(given), elapsedMs: () => 0 });
}

/** The first `frameCount` frames, and then their regions one by one. */
function answersTo(examination: Examination, frameCount: number, thumbnailAt = uploadPicture) {
  const all = Array.from({ length: frameCount }, (_, at) => at);
  for (const at of all) examination.addFrame(frameAt(at, thumbnailAt(at)));
  return all.map((at) => examination.addRegions(batchAt(at)));
}

const judge = (examination: Examination) => decide(examination.evidence(), policy);

describe('regions of frames', () => {
  it('are looked at where the bank has views to compare them with', async () => {
    expect((await examinationOf()).comparesRegions).toBe(true);
    const bare = new Examination({ bank: bankOf(), policy, elapsedMs: () => 0 });
    expect(bare.comparesRegions).toBe(false);
  });

  it('are enough as soon as pixels bear a line out, though no whole frame comes near', async () => {
    const examination = await examinationOf();
    expect(answersTo(examination, 4)).toEqual(['more', 'more', 'enough', 'enough']);
    expect(examination.isDecided()).toBe(true);
    const judgement = judge(examination);
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched' });
    expect(judgement.matches).toMatchObject([{ contentId: 'content-1', framesMatched: 4, uploadRegion: pasted }]);
    expect(judgement.matches[0]?.pixelAgreement).toBeGreaterThan(0.9);
  });

  it('never are enough where the bank does not block', async () => {
    const examination = await examinationOf({ banks: { default: { action: 'review' } } });
    expect(answersTo(examination, 6)).not.toContain('enough');
  });

  it('are a chance where the pixels show something else, or where there are none', async () => {
    const other = await examinationOf();
    expect(answersTo(other, 6, (at) => roughPicture(900 + at, limits.uploadThumbnailSide))).not.toContain('enough');
    expect(judge(other)).toMatchObject({ outcome: 'allow', reason: 'no_match' });
    const blind = await examinationOf();
    for (let at = 0; at < 6; at++) {
      blind.addFrame(sampledFrame(hashNumber(unrelated + at), { timeMs: at * stepMs }));
      expect(blind.addRegions(batchAt(at))).toBe('more');
    }
    expect(judge(blind)).toMatchObject({ outcome: 'allow', reason: 'no_match' });
  });

  it('of one moment count once, though a second look meets them again', async () => {
    const examination = await examinationOf();
    answersTo(examination, 2);
    expect(answersTo(examination, 2)).toEqual(['more', 'more']);
    expect(examination.evidence().alignments.map(({ inliers }) => inliers.length)).toEqual([2]);
  });

  it('put a short video in doubt that shows known content for a moment', async () => {
    const examination = await examinationOf();
    answersTo(examination, 1);
    for (let at = 1; at < 6; at++) {
      examination.addFrame(frameAt(at));
      examination.addRegions(batchAt(at, [regionAt(at, hashNumber(unrelated + 100 + at))]));
    }
    examination.end(videoResult());
    expect(examination.isDecided()).toBe(false);
    expect(examination.isInDoubt()).toBe(true);
  });

  it('put a short video in doubt that pixels bear out over a line, however faint its hashes', async () => {
    const examination = await examinationOf({ regions: { likenessMin: 3, pictureLikenessMin: 2 } });
    answersTo(examination, 4);
    examination.end(videoResult());
    expect(examination.isDecided()).toBe(false);
    expect(examination.isInDoubt()).toBe(true);
  });

  // Goal: one upload does not take the time of all others, and what was not looked at is not "no match".
  it('end when their searches have taken too long, and say so', async () => {
    const { bank } = await pipelineRig({ known: [known] });
    let nowMs = 0;
    const slow = { bank, policy, elapsedMs: () => (nowMs += limits.searchMsPerUploadMax / 4) };
    const examination = new Examination(slow);
    const other = [regionAt(0, hashNumber(unrelated))];
    const answers = [0, 1, 2].map((at) => examination.addRegions(batchAt(at, other)));
    expect(answers.at(-1)).toBe('enough');
    examination.end(videoResult({ complete: false }));
    expect(examination.degraded()).toEqual(['regions_shed']);
    expect(judge(examination)).toMatchObject({ outcome: 'review', reason: 'shed' });
  });

  it('are forgotten at a restart, with what was shed', async () => {
    const examination = await examinationOf();
    answersTo(examination, 4);
    examination.shed('far_regions');
    expect([examination.evidence().unjudged, examination.degraded()]).toEqual(['shed', ['far_regions_shed']]);
    examination.restart();
    expect(examination.evidence()).toMatchObject({ alignments: [], unjudged: null });
    expect(examination.degraded()).toEqual([]);
    expect(answersTo(examination, 3)).toEqual(['more', 'more', 'enough']);
  });

  it('are measured as searches, and say so when there were more than may be compared', async () => {
    let nowMs = 0;
    const bank = bankOf({
      deepContents: 1,
      deepHashes: 1,
      nameDeep: (_queries, radiusBits) => ({ named: [], capped: true, radiusBits }),
    });
    const clock = () => {
      nowMs += 10;
      return nowMs;
    };
    const examination = new Examination({ bank, policy, elapsedMs: clock });
    expect(examination.addRegions(batchAt(0))).toBe('more');
    expect(examination.timings()).toEqual({ searchSeconds: 0.01, alignSeconds: 0.01, searches: [0.01] });
    expect(examination.degraded()).toEqual(['hits_capped']);
  });
});

describe('whole frames of which the bank has pixels', () => {
  const copyAt = (at: number, pixels: Uint8Array): SampledFrame => ({
    ...sampledFrame(hashNumber(at), { timeMs: at * stepMs }),
    thumbnail: pixels,
  });

  it('are borne out by them', async () => {
    const examination = await examinationOf();
    const answers = [0, 1, 2].map((at) =>
      examination.addFrame(copyAt(at, roughPicture(at, limits.uploadThumbnailSide))),
    );
    expect(answers).toEqual(['more', 'more', 'enough']);
    expect(judge(examination).matches[0]?.pixelAgreement).toBeGreaterThan(0.9);
  });

  it('are not blocked against them', async () => {
    const examination = await examinationOf();
    const answers = [0, 1, 2, 3, 4].map((at) =>
      examination.addFrame(copyAt(at, roughPicture(700 + at, limits.uploadThumbnailSide))),
    );
    expect(answers).not.toContain('enough');
    expect(judge(examination).outcome).not.toBe('block');
  });
});
