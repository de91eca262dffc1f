/** Decisions as a busy minute brings them, for looking at the live page. Deterministic. */
import type { Decision, Match } from '../../src/contracts/decision.ts';
import { decisionOf, matchOf } from './decisions.ts';

const video = { kind: 'video', container: 'mp4', codec: 'h264', width: 1280, height: 720, bytes: 14_821_130 } as const;
const image = { kind: 'image', container: 'jpeg', width: 2048, height: 1365, bytes: 412_311 } as const;
const sampled = { framesSampled: 14, framesUsable: 13, durationSeconds: 63.2, largestGapSeconds: 4.8, complete: true };
const instant = { startSeconds: 0, endSeconds: 0 };

const clip: Match = matchOf({
  upload: { startSeconds: 12.4, endSeconds: 54 },
  known: { startSeconds: 3, endSeconds: 44.6 },
});

const cases: readonly ((at: Partial<Decision>) => Decision)[] = [
  (at) =>
    decisionOf('block', {
      ...at,
      matches: [
        {
          ...clip,
          view: 'flipY',
          distanceBits: 34,
          uploadRegion: { left: 0.2, top: 0.1, width: 0.6, height: 0.7, degrees: 0 },
          knownRegion: { left: 0.05, top: 0.05, width: 0.9, height: 0.9, degrees: 5 },
          pixelAgreement: 0.92,
          changeAgreement: 0.88,
          likeness: 2.7,
        },
      ],
      media: video,
      sampling: { ...sampled, framesSampled: 9, framesUsable: 9, complete: false },
    }),
  (at) => decisionOf('allow', { ...at, media: video, sampling: sampled }),
  (at) =>
    decisionOf('block', {
      ...at,
      reason: 'exact_copy',
      sampling: null,
      media: { ...video, codec: 'hevc' },
      decisionMs: 4,
      matches: [
        {
          ...clip,
          kind: 'exact',
          distanceBits: 0,
          upload: { startSeconds: 0, endSeconds: 42 },
          known: { startSeconds: 0, endSeconds: 42 },
        },
      ],
    }),
  (at) =>
    decisionOf('allow', {
      ...at,
      media: image,
      sampling: { ...sampled, framesSampled: 1, framesUsable: 1, durationSeconds: 0, largestGapSeconds: 0 },
    }),
  (at) =>
    decisionOf('review', {
      ...at,
      media: { ...video, container: 'webm', codec: 'vp9' },
      sampling: sampled,
      degraded: ['decode_errors'],
      matches: [
        {
          ...clip,
          speed: 1.25,
          distanceBits: 47,
          upload: { startSeconds: 30, endSeconds: 38 },
          known: { startSeconds: 20, endSeconds: 30 },
        },
        { ...clip, contentId: 'incident-42/video-7', speed: 1, distanceBits: 58 },
      ],
    }),
  (at) =>
    decisionOf('block', {
      ...at,
      media: image,
      sampling: { ...sampled, framesSampled: 1, framesUsable: 1, durationSeconds: 0, largestGapSeconds: 0 },
      matches: [
        {
          ...clip,
          contentId: 'stills/poster-3',
          bank: 'stills',
          labels: [],
          kind: 'frame',
          view: 'rotate90',
          distanceBits: 22,
          framesMatched: 1,
          distinctFrames: 1,
          upload: instant,
          known: instant,
        },
      ],
    }),
  (at) =>
    decisionOf('review', {
      ...at,
      reason: 'undecodable',
      matches: [],
      sampling: null,
      media: { kind: 'unknown', bytes: 91_223 },
      detail: 'The index of the container points beyond its end.',
    }),
  (at) =>
    decisionOf('allow', {
      ...at,
      media: { ...video, width: 720, height: 1280 },
      sampling: { ...sampled, framesSampled: 31, framesUsable: 29, durationSeconds: 412 },
    }),
];

/** The `index`-th decision. Copies are the rarer the more there is. */
export function liveDecision(index: number): Decision {
  const decidedAt = new Date(Date.UTC(2026, 10, 22, 10, 0, 0) + index * 410).toISOString();
  const id = ((index * 2_654_435_761) >>> 0).toString(16).padStart(8, '0');
  const pick = index < cases.length ? index : [1, 3, 7, 1, 0, 3, 7, 1, 2, 3, 4, 1][index % 12];
  const build = cases[pick ?? 1] as (at: Partial<Decision>) => Decision;
  return build({ uploadId: `upload-${id}`, eventId: `event-${id}`, decidedAt, decisionMs: 40 + ((index * 37) % 160) });
}
