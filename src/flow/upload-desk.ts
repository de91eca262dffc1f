/**
 * Where uploads come in from HTTP and the command line: appends the event to the log, and waits for its decision.
 * Refuses when the backlog is full, so that a crisis slows producers down before it fills the disk.
 */
import { randomUUID } from 'node:crypto';
import { uploadFaults } from '../admit/admit.ts';
import { cloudEventRecord } from '../contracts/cloud-events.ts';
import type { Decision } from '../contracts/decision.ts';
import type { UploadEvent } from '../contracts/upload.ts';
import { FloodgateError } from '../errors.ts';
import type { Log, Position } from '../log/log.ts';
import type { DecisionView } from '../views/views.ts';

export interface UploadDeskParts {
  readonly log: Log;
  readonly decisions: DecisionView;
  /** Undecided uploads in the log, as last measured. */
  readonly backlogUploads: () => number;
  readonly backlogUploadsMax: number;
  readonly nowMs: () => number;
}

export class UploadDesk {
  readonly #parts: UploadDeskParts;

  constructor(parts: UploadDeskParts) {
    this.#parts = parts;
  }

  /** Resolves when the event is durable. Throws overloaded, log_full, log_failed or invalid_event. */
  async submit(
    event: UploadEvent,
    attributes: { readonly eventId?: string },
  ): Promise<{ uploadId: string; eventId: string; position: Position }> {
    const { backlogUploads, backlogUploadsMax, log, nowMs } = this.#parts;
    if (backlogUploads() >= backlogUploadsMax) {
      throw new FloodgateError('overloaded', `${backlogUploadsMax} uploads wait for their decision; try again later`);
    }
    const faults = uploadFaults(event);
    if (faults.length > 0) throw new FloodgateError('invalid_event', faults.join('; '));
    const eventId = attributes.eventId ?? randomUUID();
    // Segments of a stream must share a partition, for their evidence builds up there.
    const record = cloudEventRecord('uploads', event.stream?.id ?? event.uploadId, event, {
      id: eventId,
      source: '/floodgate/http',
      subject: event.uploadId,
      time: new Date(nowMs()).toISOString(),
    });
    const [position] = await log.append([record]);
    if (position === undefined) throw new FloodgateError('log_failed', 'the log gave no position for the upload');
    return { uploadId: event.uploadId, eventId, position };
  }

  /** The decision of this event, whether made before or within `timeoutMs`; undefined when there is none by then. */
  waitForDecision(
    uploadId: string,
    eventId: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Decision | undefined> {
    const { decisions } = this.#parts;
    return new Promise((resolve) => {
      const end = (decision: Decision | undefined) => {
        unsubscribe();
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        resolve(decision);
      };
      const giveUp = () => end(undefined);
      const timer = setTimeout(giveUp, timeoutMs);
      // Subscribed before looking: a decision made in between is seen by one of the two.
      const unsubscribe = decisions.subscribe(({ decision }) => {
        if (decision.uploadId === uploadId && decision.eventId === eventId) end(decision);
      });
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) return giveUp();
      const made = this.#findByEvent(uploadId, eventId);
      if (made !== undefined) end(made);
    });
  }

  #findByEvent(uploadId: string, eventId: string): Decision | undefined {
    const { decisions } = this.#parts;
    if (!decisions.ledger(uploadId, eventId).eventDecided) return undefined;
    for (let revision = decisions.ledger(uploadId, eventId).lastRevision; revision > 0; revision -= 1) {
      const decision = decisions.find(uploadId, revision);
      if (decision?.eventId === eventId) return decision;
    }
    return undefined;
  }
}
