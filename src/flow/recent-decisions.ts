/**
 * Which revision and which events of an upload have been decided.
 *
 * The decision view is derived from the log and trails it by milliseconds. What was settled and may not be in the view
 * yet is remembered here, so that a redelivery right behind its original is still recognised.
 */
import { LRUCache } from 'lru-cache';
import { limits } from '../config/limits.ts';
import type { DecisionView, LedgerEntry } from '../views/views.ts';

interface Recent {
  lastRevision: number;
  readonly eventIds: Set<string>;
}

export class RecentDecisions {
  readonly #view: Pick<DecisionView, 'ledger'>;
  readonly #recent = new LRUCache<string, Recent>({ max: limits.recentUploadsMax });

  constructor(view: Pick<DecisionView, 'ledger'>) {
    this.#view = view;
  }

  ledger(uploadId: string, eventId: string): LedgerEntry {
    const stored = this.#view.ledger(uploadId, eventId);
    const recent = this.#recent.get(uploadId);
    if (recent === undefined) return stored;
    return {
      lastRevision: Math.max(stored.lastRevision, recent.lastRevision),
      eventDecided: stored.eventDecided || recent.eventIds.has(eventId),
    };
  }

  remember(uploadId: string, eventId: string, revision: number): void {
    const recent = this.#recent.get(uploadId) ?? { lastRevision: 0, eventIds: new Set<string>() };
    recent.lastRevision = Math.max(recent.lastRevision, revision);
    recent.eventIds.add(eventId);
    this.#recent.set(uploadId, recent);
  }
}
