/** Fakes of everything the HTTP interface sees, kept in memory, and a way to start it on them. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { BankAddition, BankContent } from '../../src/contracts/bank.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import type { UploadEvent } from '../../src/contracts/upload.ts';
import { DeadLetterDesk } from '../../src/flow/dead-letter-desk.ts';
import type { HttpConfig, HttpParts, SpooledFile } from '../../src/http/parts.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import type { DecisionFilter, DecisionView, StoredDecision } from '../../src/views/views.ts';
import { MemoryLog } from './memory-log.ts';
import { silentTelemetry } from './silent-telemetry.ts';

export interface FakeView extends DecisionView {
  add(decision: Decision): void;
}

function fakeView(): FakeView {
  const stored: StoredDecision[] = [];
  const listeners = new Set<(stored: StoredDecision) => void>();
  const count = (outcome: string): number => stored.filter((item) => item.decision.outcome === outcome).length;
  return {
    add(decision) {
      const item = { sequence: stored.length, decision };
      stored.push(item);
      for (const listener of listeners) listener(item);
    },
    find: (uploadId, revision) =>
      stored.findLast(
        ({ decision }) => decision.uploadId === uploadId && (revision === undefined || decision.revision === revision),
      )?.decision,
    list(filter, page) {
      const older = stored.filter((item) => item.sequence < (page.before ?? Number.POSITIVE_INFINITY));
      const fitting = older.filter((item) => fits(item.decision, filter)).reverse();
      const items = fitting.slice(0, page.limit);
      return { items, nextCursor: fitting.length > items.length ? (items.at(-1)?.sequence ?? null) : null };
    },
    ledger: () => ({ lastRevision: 0, eventDecided: false }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    after: (sequence, max) => stored.filter((item) => item.sequence > sequence).slice(0, max),
    caughtUp: async () => undefined,
    counts: () => ({ block: count('block'), review: count('review'), allow: count('allow') }),
  };
}

function fits(decision: Decision, filter: DecisionFilter): boolean {
  if (filter.outcome !== undefined && decision.outcome !== filter.outcome) return false;
  if (filter.reason !== undefined && decision.reason !== filter.reason) return false;
  if (filter.since !== undefined && decision.decidedAt < filter.since) return false;
  if (filter.bank !== undefined && !decision.matches.some((match) => match.bank === filter.bank)) return false;
  return filter.contentId === undefined || decision.matches.some((match) => match.contentId === filter.contentId);
}

export interface FakeParts extends HttpParts {
  readonly decisions: FakeView;
  /** What the routes did, for a test to look at. */
  readonly seen: {
    readonly submitted: { event: UploadEvent; eventId: string | undefined }[];
    readonly added: { addition: BankAddition; file: SpooledFile | undefined }[];
    readonly contents: Map<string, BankContent>;
    /** Files that are in the spool now, by uri. */
    readonly files: Map<string, Buffer>;
  };
}

export function fakeParts(overrides: Omit<Partial<HttpParts>, 'decisions'> = {}, decisions = fakeView()): FakeParts {
  const seen: FakeParts['seen'] = { submitted: [], added: [], contents: new Map(), files: new Map() };
  const readiness = { ready: true, components: { log: { ready: true, why: null } } };
  return {
    decisions,
    seen,
    intake: fakeIntake(decisions, seen),
    spool: { store: (stream) => storeInMemory(stream, seen.files) },
    postedContent: ({ uri }) => Promise.resolve({ uri }),
    streams: { decisions: { find: () => undefined, subscribe: () => () => undefined }, live: () => undefined },
    bank: fakeBank(seen),
    deadLetters: deskOn(new MemoryLog()),
    health: { unlive: () => null, readiness: () => readiness },
    telemetry: silentTelemetry(),
    status: () => ({
      version: '0.0.0',
      uptimeSeconds: 3725,
      policyVersion: 'default-1',
      observeOnly: false,
      uploadsConsumed: decisions.list({}, { limit: 100_000 }).items.length,
      uploadsDecided: decisions.list({}, { limit: 100_000 }).items.length,
      inflightUploads: 3,
      backlogUploads: 12,
      backlogSeconds: 0.4,
      outcomes: decisions.counts(),
      bank: { contents: 2, hashes: 4_240, position: 17 },
      radiusBits: { frame: 31, aligned: 64, region: 90 },
      readiness,
    }),
    policy: () => ({ version: 'default-1' }),
    metrics: { text: async () => 'floodgate_ready 1\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' },
    version: '0.0.0',
    ...overrides,
  };
}

/** The real desk: only the log under it is one in memory. */
export function deskOn(log: MemoryLog, backlogUploads = 0): DeadLetterDesk {
  const telemetry = silentTelemetry();
  return new DeadLetterDesk({ log, telemetry, backlogUploads: () => backlogUploads, backlogUploadsMax: 10 });
}

/** For tests that share a server. Decisions stay. */
export function forgetSeen({ seen }: FakeParts): void {
  seen.submitted.length = 0;
  seen.added.length = 0;
  seen.contents.clear();
  seen.files.clear();
}

function fakeIntake(decisions: FakeView, seen: FakeParts['seen']): HttpParts['intake'] {
  return {
    async submit(event, attributes) {
      seen.submitted.push({ event, eventId: attributes.eventId });
      const offset = seen.submitted.length - 1;
      return {
        uploadId: event.uploadId,
        eventId: attributes.eventId ?? `made-${offset}`,
        position: { partition: 0, offset },
      };
    },
    waitForDecision: (uploadId, _eventId, timeoutMs, signal) =>
      new Promise((resolve) => {
        const found = decisions.find(uploadId);
        if (found !== undefined || signal.aborted) return resolve(found);
        const timer = setTimeout(() => resolve(undefined), timeoutMs);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve(undefined);
        });
        decisions.subscribe(({ decision }) => {
          if (decision.uploadId !== uploadId) return;
          clearTimeout(timer);
          resolve(decision);
        });
      }),
  };
}

async function storeInMemory(stream: Readable, files: Map<string, Buffer>): Promise<SpooledFile> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const uri = `file:///spool/${files.size + 1}`;
  files.set(uri, bytes);
  return {
    uri,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    discard: async () => {
      files.delete(uri);
    },
  };
}

function fakeBank(seen: FakeParts['seen']): HttpParts['bank'] {
  const { contents } = seen;
  return {
    async add(addition, file) {
      seen.added.push({ addition, file });
      const content = contentOf({
        contentId: addition.contentId ?? `content-${contents.size + 1}`,
        bank: addition.bank ?? 'default',
        labels: addition.labels ?? [],
      });
      contents.set(content.contentId, content);
      return content;
    },
    list(filter, page) {
      const fitting = [...contents.values()]
        .filter((content) => filter.bank === undefined || content.bank === filter.bank)
        .filter((content) => page.after === undefined || content.contentId > page.after)
        .sort((a, b) => (a.contentId < b.contentId ? -1 : 1));
      const items = fitting.slice(0, page.limit);
      return { items, nextCursor: fitting.length > items.length ? (items.at(-1)?.contentId ?? null) : null };
    },
    get: (contentId) => contents.get(contentId),
    remove: async (contentId) => contents.delete(contentId),
  };
}

export function contentOf(overrides: Partial<BankContent> = {}): BankContent {
  return {
    contentId: 'incident-42/video-1',
    bank: 'default',
    revision: 1,
    labels: ['incident-42'],
    kind: 'video',
    durationSeconds: 42,
    framesPerSecond: 2,
    framesIndexed: 80,
    framesLowQuality: 4,
    viewsIndexed: 0,
    addedAt: '2026-11-22T09:00:00.000Z',
    bankPosition: 3,
    ...overrides,
  };
}

const fakeConfig: HttpConfig = { host: '127.0.0.1', port: 0, tokens: [], contentBytesMax: 10_000 };

export async function startFakeServer(
  parts: HttpParts = fakeParts(),
  config: Partial<HttpConfig> = {},
): Promise<HttpServer> {
  return createHttpServer(parts, { ...fakeConfig, ...config });
}
