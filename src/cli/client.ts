/** The command line's side of the HTTP API. Problem details come back as FloodgateErrors with the same code. */
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { DecisionList } from '../contracts/api.ts';
import type { BankAddition, BankContent } from '../contracts/bank.ts';
import type { DeadLetter, DeadLetterList, DeadLetterReplayed } from '../contracts/dead-letter.ts';
import type { Decision } from '../contracts/decision.ts';
import type { Stream } from '../contracts/stream.ts';
import { type ErrorCode, errorKinds, FloodgateError } from '../errors.ts';
import { readEvents } from './event-stream.ts';
import { assertFile } from './local-files.ts';

export interface ClientOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** Ends what is on its way; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Fields of a form; a list is sent as one field for each item. */
export type FormFields = Readonly<Record<string, string | readonly string[]>>;

export type ListedDecision = DecisionList['items'][number];

export interface BankPage {
  readonly items: readonly BankContent[];
  readonly nextCursor: string | null;
}

export class ApiClient {
  readonly #options: ClientOptions;

  /** Throws invalid_request when the address is none. */
  constructor(options: ClientOptions) {
    if (!/^https?:\/\//.test(options.url) || !URL.canParse(options.url)) {
      throw new FloodgateError('invalid_request', `${options.url} is not an address such as http://127.0.0.1:8080`);
    }
    this.#options = options;
  }

  async submitFile(path: string, fields: FormFields, waitSeconds: number): Promise<Decision | undefined> {
    const form = await fileForm(path, fields);
    const { status, body } = await this.#call(`/v1/uploads?wait=${waitSeconds}`, { method: 'POST', body: form });
    return status === 200 ? (body as Decision) : undefined;
  }

  async submitEvent(event: Record<string, unknown>, waitSeconds: number): Promise<Decision | undefined> {
    const { status, body } = await this.#call(`/v1/uploads?wait=${waitSeconds}`, jsonPost(event));
    return status === 200 ? (body as Decision) : undefined;
  }

  async addFileToBank(path: string, fields: FormFields): Promise<BankContent> {
    const form = await fileForm(path, fields);
    return (await this.#call('/v1/bank', { method: 'POST', body: form })).body as BankContent;
  }

  async addToBank(addition: BankAddition): Promise<BankContent> {
    return (await this.#call('/v1/bank', jsonPost(addition))).body as BankContent;
  }

  async listBank(query: Record<string, string>): Promise<BankPage> {
    return (await this.#call(`/v1/bank?${new URLSearchParams(query)}`)).body as BankPage;
  }

  async removeFromBank(contentId: string): Promise<void> {
    await this.#call(`/v1/bank/${encodeURIComponent(contentId)}`, { method: 'DELETE' });
  }

  /** The newest first. */
  async listDecisions(query: Record<string, string>): Promise<readonly ListedDecision[]> {
    const { body } = await this.#call(`/v1/decisions?${new URLSearchParams(query)}`);
    return (body as DecisionList).items;
  }

  async getStream(streamId: string): Promise<Stream> {
    return (await this.#call(`/v1/streams/${encodeURIComponent(streamId)}`)).body as Stream;
  }

  async listDeadLetters(query: Record<string, string>): Promise<DeadLetterList> {
    return (await this.#call(`/v1/dead-letters?${new URLSearchParams(query)}`)).body as DeadLetterList;
  }

  async getDeadLetter(id: string): Promise<DeadLetter> {
    return (await this.#call(`/v1/dead-letters/${encodeURIComponent(id)}`)).body as DeadLetter;
  }

  /** With its own value, or a corrected one. */
  async replayDeadLetter(id: string, value: Buffer | undefined): Promise<DeadLetterReplayed> {
    const body = value === undefined ? {} : { value: value.toString('base64'), valueEncoding: 'base64' };
    return (await this.#call(`/v1/dead-letters/${encodeURIComponent(id)}/replay`, jsonPost(body)))
      .body as DeadLetterReplayed;
  }

  /**
   * Resolves once the service follows up with every decision made from now on. What is returned ends when the signal
   * aborts, and throws unreachable when the service goes away.
   */
  async followDecisions(): Promise<AsyncGenerator<ListedDecision>> {
    const response = await this.#request('/v1/decisions/stream', { headers: { accept: 'text/event-stream' } });
    return this.#readDecisions(response);
  }

  /** Holds the response, not its body alone: fetch cancels the unread body of a response that is garbage-collected. */
  async *#readDecisions(response: Response): AsyncGenerator<ListedDecision> {
    const { signal, url } = this.#options;
    try {
      const chunks = response.body as unknown as AsyncIterable<Uint8Array>;
      for await (const { id, name, data } of readEvents(chunks)) {
        if (name === 'decision') yield { sequence: Number(id), decision: JSON.parse(data) };
      }
    } catch (cause) {
      if (signal?.aborted !== true)
        throw new FloodgateError('unreachable', `the stream of ${url} broke off`, { cause });
    }
    if (signal?.aborted !== true) throw new FloodgateError('unreachable', `the service at ${url} ended the stream`);
  }

  async #call(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
    const response = await this.#request(path, init);
    const text = await response.text();
    if (text === '') return { status: response.status, body: undefined };
    try {
      return { status: response.status, body: JSON.parse(text) };
    } catch (cause) {
      throw new FloodgateError('unreachable', `what answers at ${this.#options.url} is not Floodgate`, { cause });
    }
  }

  async #request(path: string, init: RequestInit) {
    const { signal, token, url } = this.#options;
    const headers = new Headers(init.headers as Record<string, string> | undefined);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const request = { ...init, headers: Object.fromEntries(headers), ...(signal === undefined ? {} : { signal }) };
    const response = await fetch(new URL(path, url), request).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw connectionError(url, cause);
    });
    if (!response.ok) throw problemError(response.status, await response.text());
    return response;
  }
}

/** fetch says only that it failed; why stands in its cause. */
function connectionError(url: string, cause: unknown): FloodgateError {
  const { code, message } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
  const absent = code === 'ECONNREFUSED' || code === 'ENOTFOUND';
  const why = absent ? 'is "floodgate serve" running?' : `the connection failed: ${message || code}`;
  return new FloodgateError('unreachable', `no service answers at ${url}; ${why}`, { cause });
}

function jsonPost(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

async function fileForm(path: string, fields: FormFields): Promise<FormData> {
  const form = new FormData();
  for (const [name, values] of Object.entries(fields)) {
    for (const value of [values].flat()) form.append(name, value);
  }
  form.set('file', await fileBlob(path), basename(path));
  return form;
}

/** A blob backed by the file, so that a large one is not read into memory. */
async function fileBlob(path: string): Promise<Blob> {
  assertFile(path);
  try {
    return await openAsBlob(path);
  } catch (cause) {
    throw new FloodgateError('not_found', `${path} cannot be read`, { cause });
  }
}

function problemError(status: number, text: string): FloodgateError {
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string; title?: string; errors?: [] };
    const code = Object.hasOwn(errorKinds, problem.code ?? '') ? (problem.code as ErrorCode) : 'internal';
    return new FloodgateError(code, problem.detail ?? problem.title ?? text, { fields: problem.errors ?? [] });
  } catch {
    return new FloodgateError('internal', `the service answered ${status}: ${text.slice(0, 200)}`);
  }
}
