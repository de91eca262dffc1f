/** What the HTTP interface needs of the rest of Floodgate. service.ts satisfies it; tests hand in fakes. */
import type { Readable } from 'node:stream';
import type { Readiness, ServiceStatus } from '../contracts/api.ts';
import type { BankAddition, BankContent } from '../contracts/bank.ts';
import type {
  DeadLetter,
  DeadLetterCode,
  DeadLetterList,
  DeadLetterReplayed,
  DeadLettersReplayed,
} from '../contracts/dead-letter.ts';
import type { Decision } from '../contracts/decision.ts';
import type { SegmentsSeen } from '../contracts/stream.ts';
import type { UploadContent, UploadEvent } from '../contracts/upload.ts';
import type { Position } from '../log/log.ts';
import type { Telemetry } from '../telemetry.ts';
import type { DecisionView, StreamDecisionView } from '../views/views.ts';

export interface HttpConfig {
  /** Address to listen on. Without tokens only a loopback address is accepted. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Bearer tokens that open /v1; empty opens it to this machine only. */
  readonly tokens: readonly string[];
  /** Largest file part of a multipart request. */
  readonly contentBytesMax: number;
}

export interface SubmittedUpload {
  readonly uploadId: string;
  /** ce_id of the event as appended: the one asked for, or one that was made. */
  readonly eventId: string;
  readonly position: Position;
}

export interface Intake {
  /**
   * Appends the event to the uploads; resolves when it is durable.
   * Throws overloaded, log_full, log_failed, not_ready, or invalid_event (a rule that the schema does not express).
   */
  submit(event: UploadEvent, attributes: { readonly eventId?: string }): Promise<SubmittedUpload>;
  /**
   * The decision of this very event, once it is durable; undefined after `timeoutMs` or when `signal` aborts.
   * A decision made before the call counts.
   */
  waitForDecision(
    uploadId: string,
    eventId: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Decision | undefined>;
}

/** A file that a client sent, in the spool. */
export interface SpooledFile {
  /** file:// URI that the fetcher accepts. */
  readonly uri: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Takes the file away. Safe to call twice, and after the pipeline has taken it away. */
  discard(): Promise<void>;
}

export interface Spool {
  /**
   * Writes the stream to a new file, with back-pressure. When it throws (too_large when the spool is full, or what the
   * stream fails with) or `signal` aborts, no file is left. On success the caller owns the file until the event that
   * names it has been appended; from then on the pipeline takes it away once the upload is settled.
   */
  store(stream: Readable, signal: AbortSignal): Promise<SpooledFile>;
}

export interface BankPage {
  readonly items: readonly BankContent[];
  /** Give it as `after` to get the next page; null at the end. */
  readonly nextCursor: string | null;
}

export interface BankDesk {
  /**
   * Adds content, or replaces its revision; resolves once it is searchable. `addition` names a uri or frames, or `file`
   * is given; the caller discards the file afterwards. Throws what fetching and fingerprinting throw, and bank_full,
   * log_full, log_failed.
   */
  add(addition: BankAddition, file: SpooledFile | undefined, signal: AbortSignal): Promise<BankContent>;
  /** In order of contentId. */
  list(filter: { readonly bank?: string }, page: { readonly after?: string; readonly limit: number }): BankPage;
  get(contentId: string): BankContent | undefined;
  /** Resolves with false when there is no such content; otherwise once it is no longer searchable. */
  remove(contentId: string): Promise<boolean>;
}

export interface DeadLetterDesk {
  /** Newest first. */
  list(
    filter: { readonly code?: DeadLetterCode },
    page: { readonly cursor?: string; readonly limit: number },
  ): Promise<DeadLetterList>;
  /** Throws not_found. */
  get(id: string): Promise<DeadLetter>;
  /** Resolves when the event is durable in the uploads. Throws not_found, conflict, overloaded, log_full, log_failed. */
  replay(id: string, value: Uint8Array | undefined): Promise<DeadLetterReplayed>;
  /** Throws conflict when they are not `count`. */
  replayAll(code: DeadLetterCode, count: number): Promise<DeadLettersReplayed>;
}

export interface StreamDesk {
  readonly decisions: Pick<StreamDecisionView, 'find' | 'subscribe'>;
  /** What this process sees of the stream; undefined when it does not work on it. */
  live(
    streamId: string,
  ): { readonly segments: SegmentsSeen; readonly lastReceivedMs: number; readonly seconds: number } | undefined;
}

export interface Health {
  /** Null while the process can do its work; otherwise why it must be restarted. */
  unlive(): string | null;
  readiness(): Readiness;
}

export interface HttpParts {
  readonly intake: Intake;
  readonly spool: Spool;
  /** The content of an event for a posted file, which is discarded when the event carries its bytes. */
  readonly postedContent: (file: SpooledFile) => Promise<UploadContent>;
  readonly decisions: DecisionView;
  readonly streams: StreamDesk;
  readonly bank: BankDesk;
  readonly deadLetters: DeadLetterDesk;
  readonly health: Health;
  readonly telemetry: Telemetry;
  status(): ServiceStatus;
  /** The policy in force, as a plain object with its `version`. */
  policy(): Readonly<Record<string, unknown>>;
  /** The Prometheus text format. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly version: string;
}
