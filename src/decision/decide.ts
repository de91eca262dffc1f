/**
 * Evidence and policy in, judgement out. Pure: the same evidence under the same policy gives the same judgement, and a
 * closer match never gives a milder one.
 */
import { limits } from '../config/limits.ts';
import type { Outcome } from '../contracts/common.ts';
import type { Match, Reason } from '../contracts/decision.ts';
import type { Policy } from '../contracts/policy.ts';
import { assess, isSettled } from './assess.ts';
import { describeAlignment, describeExact } from './describe-match.ts';
import type { Evidence } from './evidence.ts';
import { bankPolicyOf } from './policy.ts';

export interface Judgement {
  readonly outcome: Outcome;
  readonly reason: Reason;
  /** Set when an observing policy or bank kept the outcome at allow: what it would have been. */
  readonly observedOutcome?: 'block' | 'review';
  /** Best first; at most limits.decisionMatchesMax, one for each known content. */
  readonly matches: readonly Match[];
  /** True when there were more. */
  readonly matchesCapped: boolean;
}

/** What one known content asks for: `wanted` before and `outcome` after banks and policy that only observe. */
interface Finding {
  readonly match: Match;
  readonly reason: 'exact_copy' | 'matched' | 'near_match';
  readonly wanted: Outcome;
  readonly outcome: Outcome;
}

const severity: Record<Outcome, number> = { allow: 0, review: 1, block: 2 };
const kindRank: Record<Match['kind'], number> = { exact: 0, aligned: 1, frame: 2 };

export function decide(evidence: Evidence, policy: Policy): Judgement {
  const findings = bestOfEach([...exactFindings(evidence, policy), ...alignedFindings(evidence, policy)]);
  const first = findings[0];
  const matches = findings.slice(0, limits.decisionMatchesMax).map((finding) => finding.match);
  const matchesCapped = findings.length > matches.length;
  if (first === undefined) return { ...judgeWithoutMatch(evidence, policy), matches, matchesCapped };
  const outcome = mostSevere(findings.map((finding) => finding.outcome));
  const wanted = mostSevere(findings.map((finding) => finding.wanted));
  const unjudged = judgeWithoutMatch(evidence, policy);
  // Content that only an observing bank knows was still not looked at to its end.
  if (severity[unjudged.outcome] > severity[outcome]) return { ...unjudged, matches, matchesCapped };
  const observed = outcome === 'allow' && wanted !== 'allow' ? { observedOutcome: wanted } : {};
  return { outcome, reason: first.reason, ...observed, matches, matchesCapped };
}

/**
 * True when nothing that is still to be sampled can change the outcome: it is as severe as it gets, by a rule that more
 * frames cannot weaken. The pipeline then stops sampling.
 */
export function isDecisive(evidence: Evidence, policy: Policy): boolean {
  if (policy.exactCopy === 'block' && evidence.exact.some(({ bank }) => bankBlocks(bank, policy))) return true;
  return evidence.alignments.some((alignment) => {
    const known = evidence.known(alignment.contentNumber);
    if (known === undefined || !bankBlocks(known.bank, policy)) return false;
    return evidence.kind === 'image' ? assess(alignment, evidence, policy) === 'strong' : isSettled(alignment, policy);
  });
}

function bankBlocks(bank: string, policy: Policy): boolean {
  return bankPolicyOf(policy, bank).action === 'block';
}

function exactFindings(evidence: Evidence, policy: Policy): Finding[] {
  return evidence.exact.map((known) => ({
    match: describeExact(known),
    reason: 'exact_copy' as const,
    ...outcomesOf(known.bank, policy.exactCopy, policy),
  }));
}

function alignedFindings(evidence: Evidence, policy: Policy): Finding[] {
  return evidence.alignments.flatMap((alignment) => {
    const known = evidence.known(alignment.contentNumber);
    const strength = known === undefined ? 'weak' : assess(alignment, evidence, policy);
    if (known === undefined || strength === 'weak') return [];
    const isStrong = strength === 'strong';
    return [
      {
        match: describeAlignment(alignment, known, evidence),
        reason: isStrong ? ('matched' as const) : ('near_match' as const),
        ...outcomesOf(known.bank, isStrong ? 'block' : 'review', policy),
      },
    ];
  });
}

/** A bank's action is the most that its content can lead to; an observing bank or policy holds nothing back. */
export function outcomesOf(
  bank: string,
  deserved: 'block' | 'review',
  policy: Policy,
): { wanted: Outcome; outcome: Outcome } {
  const { action } = bankPolicyOf(policy, bank);
  const wanted = action === 'review' ? 'review' : deserved;
  const observes = action === 'observe' || policy.mode === 'observe';
  return { wanted, outcome: observes ? 'allow' : wanted };
}

/** Strongest first, and of each known content the strongest alone: the same content may match in several views. */
function bestOfEach(findings: readonly Finding[]): Finding[] {
  const byContent = new Map<string, Finding>();
  for (const finding of [...findings].sort(byStrength)) {
    const key = `${finding.match.bank} ${finding.match.contentId}`;
    if (!byContent.has(key)) byContent.set(key, finding);
  }
  return [...byContent.values()];
}

function byStrength(a: Finding, b: Finding): number {
  return (
    severity[b.outcome] - severity[a.outcome] ||
    severity[b.wanted] - severity[a.wanted] ||
    kindRank[a.match.kind] - kindRank[b.match.kind] ||
    b.match.score - a.match.score ||
    a.match.medianDistanceBits - b.match.medianDistanceBits ||
    (a.match.contentId < b.match.contentId ? -1 : 1)
  );
}

function mostSevere(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce<Outcome>((worst, outcome) => (severity[outcome] > severity[worst] ? outcome : worst), 'allow');
}

/** Nothing matched: allowed if it was looked at, and the policy's word if it could not be. */
function judgeWithoutMatch(
  evidence: Evidence,
  policy: Policy,
): Pick<Judgement, 'outcome' | 'reason' | 'observedOutcome'> {
  // Bytes that are known need no frame to be judged by.
  const isBlank = evidence.framesUsable === 0 && evidence.exact.length === 0;
  const reason = evidence.unjudged ?? (isBlank ? 'no_detail' : null);
  if (reason === null) return { outcome: 'allow', reason: 'no_match' };
  const wanted = policy.unjudged[reason];
  if (wanted === 'review' && policy.mode === 'observe') return { outcome: 'allow', reason, observedOutcome: wanted };
  return { outcome: wanted, reason };
}
