/** The decisions as a consumer of the stream sees them. A stream that breaks off is resumed where it was. */
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEvents } from '../../../src/cli/event-stream.ts';
import type { Decision } from '../../../src/contracts/decision.ts';

export interface DecisionFeed {
  /** How often the stream broke off. */
  readonly resumed: number;
  close(): void;
}

const resumeMs = 200;

/** Resolves once every decision made from now on comes to `onDecision`. */
export async function followDecisions(url: string, onDecision: (decision: Decision) => void): Promise<DecisionFeed> {
  const closing = new AbortController();
  let lastId: string | undefined;
  let resumed = 0;
  const read = async (response: IncomingMessage): Promise<void> => {
    for await (const { id, data } of readEvents(response)) {
      lastId = id;
      onDecision(JSON.parse(data) as Decision);
    }
  };
  const follow = async (first: IncomingMessage): Promise<void> => {
    for (let response: IncomingMessage | undefined = first; !closing.signal.aborted; resumed += 1) {
      if (response !== undefined) await read(response).catch(() => undefined);
      await sleep(resumeMs);
      response = closing.signal.aborted ? undefined : await open(url, lastId, closing.signal).catch(() => undefined);
    }
  };
  void follow(await open(url, undefined, closing.signal));
  return {
    get resumed() {
      return resumed;
    },
    close: () => closing.abort(),
  };
}

function open(url: string, lastId: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
  return new Promise((resolve, reject) => {
    get(`${url}/v1/decisions/stream`, { headers, signal }, (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new Error(`the stream of decisions answered ${response.statusCode}`));
    }).on('error', reject);
  });
}
