import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { formatDecision, formatMatch } from '../../../src/cli/format-decision.ts';
import type { Match } from '../../../src/contracts/decision.ts';
import { decisionOf, matchOf } from '../../support/decisions.ts';

const plain = picocolors.createColors(false);
const atStart = { startSeconds: 0, endSeconds: 0 };

describe('formatDecision', () => {
  it('tells outcome, upload, reason and time in one line', () => {
    expect(formatDecision(decisionOf('allow'), plain)).toEqual([
      '○ ALLOW  upload-1  nothing known comes close · 87 ms',
    ]);
  });

  it('tells what an observing policy would have done, and the detail where there is one', () => {
    const observed = decisionOf('allow', { reason: 'matched', observedOutcome: 'block' });
    expect(formatDecision(observed, plain)[0]).toContain('matches known content (would be block)');
    const undecodable = decisionOf('review', { reason: 'undecodable', detail: 'no picture in it', matches: [] });
    expect(formatDecision(undecodable, plain)).toEqual(['◆ REVIEW upload-1  no picture in it · 87 ms']);
  });

  it('shows the best matches only', () => {
    const matches = ['first', 'second', 'third'].map((contentId) => matchOf({ contentId }));
    const lines = formatDecision(decisionOf('block', { matches }), plain).join('\n');
    expect(lines).toContain('second');
    expect(lines).not.toContain('third');
    expect(formatDecision(decisionOf('block', { matches }), plain, 1).join('\n')).not.toContain('second');
  });

  it('paints the outcome', () => {
    const [line] = formatDecision(decisionOf('block'), picocolors.createColors(true));
    expect(line).toContain('\x1b[31m■ BLOCK ');
  });
});

describe('formatMatch', () => {
  it('shows which seconds of the upload are which of the known content', () => {
    const lines = formatMatch(matchOf({ view: 'flipY', speed: 1.25 }), 30, plain);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^ {4}upload ░+▓+░+ 0:04\.0–0:25\.5$/);
    expect(lines[1]).toMatch(/^ {4}known {2}░+▓+░+ 0:10\.0–0:31\.5 of incident-42\/video-1$/);
    expect(lines[2]?.trim()).toBe('9 frames · distance 12/256 (median 18) · speed 1.25x · mirrored');
  });

  it('says which part of the picture shows what, and how far the pixels bear it out', () => {
    const whole = { left: 0, top: 0, width: 1, height: 1, degrees: 0 };
    const pasted = { left: 0.2, top: 0.1, width: 0.6, height: 0.705, degrees: 0 };
    const turned = { left: 0.05, top: 0.05, width: 0.9, height: 0.9, degrees: -5 };
    const notesOf = (changes: Partial<Match>) => formatMatch(matchOf(changes), 30, plain)[2]?.trim();
    const notes = '9 frames · distance 12/256 (median 18)';
    expect(notesOf({ uploadRegion: pasted, knownRegion: turned, pixelAgreement: 0.914 })).toBe(
      `${notes} · 60x71 % at 20,10 % of the picture is 90x90 % at 5,5 % turned by -5° of the known one · pixels agree by 91 %`,
    );
    expect(notesOf({ uploadRegion: whole, knownRegion: whole, negative: true, pixelAgreement: 0.9 })).toBe(
      `${notes} · as a negative · pixels agree by 90 %`,
    );
  });

  it('needs one line for the very bytes, and for an image in an image', () => {
    expect(formatMatch(matchOf({ kind: 'exact' }), 30, plain)).toEqual(['    = incident-42/video-1 byte for byte']);
    const frame = matchOf({
      kind: 'frame',
      framesMatched: 1,
      upload: atStart,
      known: atStart,
      knownDurationSeconds: 0,
    });
    expect(formatMatch(frame, 0, plain)).toEqual(['    ≈ incident-42/video-1  1 frame · distance 12/256 (median 18)']);
  });

  it('shows the moment of a video that an image is taken from', () => {
    const known = { startSeconds: 20, endSeconds: 20 };
    const lines = formatMatch(matchOf({ kind: 'frame', framesMatched: 1, upload: atStart, known }), 0, plain);
    expect(lines[1]).toContain('0:20.0–0:20.0 of incident-42/video-1');
  });
});
