/**
 * From the evidence of a stream, and what was decided of it before, to what is to be said of it now. Pure.
 *
 * What was found stays found: the evidence of the first minutes is let go of in time, and a stream that showed known
 * content has shown it. A finding ends when its content leaves the bank. What it leads to is the policy's word of today.
 */
import { limits } from '../config/limits.ts';
import type { Outcome } from '../contracts/common.ts';
import type { Match } from '../contracts/decision.ts';
import type { Policy } from '../contracts/policy.ts';
import type { StreamDecision, StreamReason } from '../contracts/stream.ts';
import { decide, outcomesOf } from '../decision/decide.ts';
import type { Evidence } from '../decision/evidence.ts';

export type StandingDecision = Pick<StreamDecision, 'outcome' | 'observedOutcome' | 'reason' | 'decidedBy' | 'matches'>;

export type StreamJudgement = StandingDecision & { readonly matchesCapped: boolean };

/** What one known content asks for: `wanted` before and `outcome` after banks and policy that only observe. */
interface Finding {
  readonly match: Match;
  readonly reason: StreamReason;
  readonly wanted: Outcome;
  readonly outcome: Outcome;
}

const severity: Record<Outcome, number> = { allow: 0, review: 1, block: 2 };

export interface StreamGrounds {
  /** Of all its segments together. */
  readonly evidence: Evidence;
  /** Of the newest alone, parts of its pictures included, and where it begins on the axis. */
  readonly segment: { readonly evidence: Evidence; readonly startMs: number };
  readonly standing: StandingDecision | undefined;
  /** Whether content is in the bank still. */
  readonly isKnown: (contentId: string) => boolean;
}

export function judgeStream(grounds: StreamGrounds, policy: Policy): StreamJudgement {
  const fresh = [...freshFindings(grounds.evidence, policy), ...segmentFindings(grounds.segment, policy)];
  const findings = mostSevereOfEach([...fresh, ...standingFindings(grounds, policy)]);
  const outcome = mostSevere(findings.map((finding) => finding.outcome));
  const wanted = mostSevere(findings.map((finding) => finding.wanted));
  const deciding = findings.filter((finding) => finding.wanted !== 'allow' && isDeciding(finding, outcome, wanted));
  const ordered = [...deciding, ...findings.filter((finding) => !deciding.includes(finding))];
  return {
    outcome,
    ...(outcome === 'allow' && wanted !== 'allow' ? { observedOutcome: wanted } : {}),
    reason: deciding[0]?.reason ?? 'no_match',
    decidedBy: deciding.map(({ match }) => match.contentId).sort(),
    matches: ordered.slice(0, limits.decisionMatchesMax).map(({ match }) => match),
    matchesCapped: ordered.length > limits.decisionMatchesMax,
  };
}

/** True when there is something new to say: another outcome, or other content that it is owed to. */
export function isRevision(judgement: StandingDecision, standing: StandingDecision | undefined): boolean {
  if (standing === undefined) return judgement.outcome !== 'allow' || judgement.observedOutcome !== undefined;
  return (
    judgement.outcome !== standing.outcome ||
    judgement.observedOutcome !== standing.observedOutcome ||
    judgement.decidedBy.join('\n') !== [...standing.decidedBy].sort().join('\n')
  );
}

function isDeciding(finding: Finding, outcome: Outcome, wanted: Outcome): boolean {
  return outcome === 'allow' ? finding.wanted === wanted : finding.outcome === outcome;
}

/** The policy judges the stream as it does an upload; asked content by content, it tells which asks for what. */
function freshFindings(evidence: Evidence, policy: Policy): Finding[] {
  return decide(evidence, policy).matches.flatMap((match) => {
    const isOfContent = (contentId: string | undefined) => contentId === match.contentId;
    const own = decide(
      {
        ...evidence,
        alignments: evidence.alignments.filter((each) => isOfContent(evidence.known(each.contentNumber)?.contentId)),
        exact: evidence.exact.filter((known) => isOfContent(known.contentId)),
      },
      policy,
    );
    const reason = toStreamReason(own.reason);
    if (reason === null) return [];
    return [{ match, reason, outcome: own.outcome, wanted: own.observedOutcome ?? own.outcome }];
  });
}

/**
 * What decides a segment on its own decides its stream, but for what takes the whole of an upload: all of a segment is
 * little of a broadcast, and may be a title card that many share.
 */
function segmentFindings({ evidence, startMs }: StreamGrounds['segment'], policy: Policy): Finding[] {
  const seconds = startMs / 1000;
  return freshFindings({ ...evidence, kind: 'video', complete: false, unjudged: null }, policy).map((finding) => {
    const { startSeconds, endSeconds } = finding.match.upload;
    const upload = { startSeconds: startSeconds + seconds, endSeconds: endSeconds + seconds };
    return { ...finding, match: { ...finding.match, upload } };
  });
}

function standingFindings({ standing, isKnown }: StreamGrounds, policy: Policy): Finding[] {
  if (standing === undefined) return [];
  const deserved = standing.observedOutcome ?? standing.outcome;
  return standing.matches
    .filter(({ contentId }) => isKnown(contentId))
    .map((match) => {
      const decides = standing.decidedBy.includes(match.contentId);
      if (!decides || deserved === 'allow') return { match, reason: 'near_match', wanted: 'allow', outcome: 'allow' };
      return { match, reason: standing.reason, ...outcomesOf(match.bank, deserved, policy) };
    });
}

/** The first of equals stays: what was seen now stands before what was said then. */
function mostSevereOfEach(findings: readonly Finding[]): Finding[] {
  const best = new Map<string, Finding>();
  for (const finding of findings) {
    const known = best.get(finding.match.contentId);
    if (known === undefined || rankOf(finding) > rankOf(known)) best.set(finding.match.contentId, finding);
  }
  return [...best.values()];
}

function rankOf({ outcome, wanted }: Finding): number {
  return severity[outcome] * 3 + severity[wanted];
}

function mostSevere(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce<Outcome>((worst, outcome) => (severity[outcome] > severity[worst] ? outcome : worst), 'allow');
}

/** What could not be judged is said of its segment, and not of the stream. */
function toStreamReason(reason: string): StreamReason | null {
  return reason === 'exact_copy' || reason === 'matched' || reason === 'near_match' ? reason : null;
}
