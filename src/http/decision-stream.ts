/**
 * Decisions as server-sent events, to many clients. The sequence of a decision is the id of its event, so that a client
 * that was away asks for what it missed with Last-Event-ID and misses nothing.
 *
 * A client is behind (reads from the view, at its own pace) or live (is pushed to). A live client that does not read is
 * disconnected once its buffer is full: memory stays bounded, and the client resumes where it was.
 */
import type { SSEReplyInterface } from '@fastify/sse';
import type { FastifyReply } from 'fastify';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { Telemetry } from '../telemetry.ts';
import type { DecisionView, StreamDecisionView } from '../views/views.ts';

interface Client {
  readonly reply: FastifyReply;
  readonly sse: SSEReplyInterface;
  /** Sequence of the last decision sent. */
  sentSequence: number;
  live: boolean;
}

export interface DecisionStream {
  /** Sends what came after `afterSequence` (the newest known when undefined), then what comes. Throws overloaded. */
  attach(reply: FastifyReply, sse: SSEReplyInterface, afterSequence: number | undefined): Promise<void>;
  /** Ends all streams; clients will try again. */
  close(): void;
}

export function createDecisionStream(
  view: DecisionView,
  streams: Pick<StreamDecisionView, 'subscribe'>,
  telemetry: Telemetry,
): DecisionStream {
  const clients = new Set<Client>();
  const unsubscribe = view.subscribe((stored) => {
    const frame = `id: ${stored.sequence}\nevent: decision\ndata: ${JSON.stringify(stored.decision)}\n\n`;
    for (const client of clients) {
      if (client.live) push(client, stored.sequence, frame, telemetry);
    }
  });
  // Without an id: what a client resumes after is a decision on an upload.
  const unsubscribeStreams = streams.subscribe((decision) => {
    const frame = `event: stream-decision\ndata: ${JSON.stringify(decision)}\n\n`;
    for (const client of clients) if (client.live) write(client, frame, telemetry);
  });
  return {
    async attach(reply, sse, afterSequence) {
      if (clients.size >= limits.streamClientsMax) {
        throw new FloodgateError('overloaded', `${limits.streamClientsMax} clients follow the stream already.`);
      }
      const client: Client = { reply, sse, sentSequence: afterSequence ?? newestSequence(view), live: false };
      clients.add(client);
      telemetry.streamClients(clients.size);
      sse.onClose(() => {
        clients.delete(client);
        telemetry.streamClients(clients.size);
      });
      await sse.send({ data: undefined, retry: limits.streamRetryMs });
      await catchUp(client, view);
    },
    close() {
      unsubscribe();
      unsubscribeStreams();
      for (const client of [...clients]) client.sse.close();
    },
  };
}

function newestSequence(view: DecisionView): number {
  return view.list({}, { limit: 1 }).items[0]?.sequence ?? -1;
}

/** Reading the view and going live happen in one turn of the event loop, so that no decision falls between. */
async function catchUp(client: Client, view: DecisionView): Promise<void> {
  while (client.sse.isConnected) {
    const missed = view.after(client.sentSequence, limits.streamReplayBatchMax);
    if (missed.length === 0) {
      client.live = true;
      return;
    }
    for (const stored of missed) {
      if (!client.sse.isConnected) return;
      // Resolves only when the client has room for more.
      await client.sse.send({ id: String(stored.sequence), event: 'decision', data: stored.decision });
      client.sentSequence = stored.sequence;
    }
  }
}

function push(client: Client, sequence: number, frame: string, telemetry: Telemetry): void {
  if (sequence <= client.sentSequence) return;
  if (write(client, frame, telemetry)) client.sentSequence = sequence;
}

/** False when the client does not read, and was disconnected. */
function write(client: Client, frame: string, telemetry: Telemetry): boolean {
  const { raw } = client.reply;
  if (raw.writableLength > limits.streamBufferBytesMax) {
    telemetry.streamEventDropped();
    raw.destroy();
    return false;
  }
  raw.write(frame);
  return true;
}
