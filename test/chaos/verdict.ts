/** What became of every event that was sent, from the topics alone. Pure, so that planted faults show that it finds them. */

export interface SentEvent {
  readonly eventId: string;
  readonly uploadId: string;
}

/** In the order of their partition. */
export interface SeenDecision {
  readonly decisionId: string;
  readonly uploadId: string;
  readonly revision: number;
  readonly eventId: string;
  readonly outcome: string;
}

export interface Verdict {
  readonly decided: number;
  readonly deadLetters: number;
  /** Events with neither decision nor dead letter. */
  readonly lost: number;
  /** Records beyond the first: of one decision id, or of one event under several ids. */
  readonly duplicates: number;
  /** Of these, those under another decision id than the first. */
  readonly duplicatesUnderOtherIds: number;
  /** Decision ids under which different outcomes were published. */
  readonly conflictingDecisions: number;
  /** Uploads whose revisions do not follow each other as their events did. */
  readonly outOfOrder: number;
}

/** `sent` in the order in which it was acknowledged; `deadLettered` are event ids, one for each dead letter. */
export function judge(
  sent: readonly SentEvent[],
  decisions: readonly SeenDecision[],
  deadLettered: readonly string[],
): Verdict {
  const outcomes = new Map<string, Set<string>>();
  const idsOfEvent = new Map<string, Set<string>>();
  const firsts: SeenDecision[] = [];
  for (const decision of decisions) {
    if (!outcomes.has(decision.decisionId)) firsts.push(decision);
    addTo(outcomes, decision.decisionId, decision.outcome);
    addTo(idsOfEvent, decision.eventId, decision.decisionId);
  }
  const otherIds = [...idsOfEvent.values()].reduce((sum, ids) => sum + ids.size - 1, 0);
  const repeatedLetters = deadLettered.length - new Set(deadLettered).size;
  const settled = new Set([...idsOfEvent.keys(), ...deadLettered]);
  return {
    decided: outcomes.size,
    deadLetters: deadLettered.length,
    lost: new Set(sent.map(({ eventId }) => eventId).filter((eventId) => !settled.has(eventId))).size,
    duplicates: decisions.length - outcomes.size + otherIds + repeatedLetters,
    duplicatesUnderOtherIds: otherIds,
    conflictingDecisions: [...outcomes.values()].filter((different) => different.size > 1).length,
    outOfOrder: countOutOfOrder(sent, firsts),
  };
}

function countOutOfOrder(sent: readonly SentEvent[], firsts: readonly SeenDecision[]): number {
  const sentOf = new Map<string, string[]>();
  for (const { uploadId, eventId } of sent) {
    const events = sentOf.get(uploadId) ?? [];
    if (!events.includes(eventId)) events.push(eventId);
    sentOf.set(uploadId, events);
  }
  const decidedOf = new Map<string, SeenDecision[]>();
  for (const decision of firsts) {
    decidedOf.set(decision.uploadId, [...(decidedOf.get(decision.uploadId) ?? []), decision]);
  }
  let count = 0;
  for (const [uploadId, decided] of decidedOf) {
    const expected = (sentOf.get(uploadId) ?? []).filter((event) => decided.some(({ eventId }) => eventId === event));
    const inOrder = decided.every(
      ({ revision, eventId }, place) => revision === place + 1 && eventId === expected[place],
    );
    if (!inOrder) count += 1;
  }
  return count;
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(value));
}
