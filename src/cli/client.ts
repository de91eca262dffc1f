/** The command line's side of the HTTP API. Problem details come back as FloodgateErrors with the same code. */
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { DecisionList } from '../contracts/api.ts';
import type { BankAddition, BankContent } from '../contracts/bank.ts';
import type { Decision } from '../contracts/decision.ts';
import { type ErrorCode, errorKinds, FloodgateError } from '../errors.ts';

export interface ClientOptions {
  readonly url: string;
  readonly token: string | undefined;
}

export interface BankPage {
  readonly items: readonly BankContent[];
  readonly nextCursor: string | null;
}

export class ApiClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async submitFile(path: string, fields: Record<string, string>, waitSeconds: number): Promise<Decision | undefined> {
    const form = await fileForm(path, fields);
    const { status, body } = await this.#call(`/v1/uploads?wait=${waitSeconds}`, { method: 'POST', body: form });
    return status === 200 ? (body as Decision) : undefined;
  }

  async submitEvent(event: Record<string, unknown>, waitSeconds: number): Promise<Decision | undefined> {
    const { status, body } = await this.#call(`/v1/uploads?wait=${waitSeconds}`, jsonPost(event));
    return status === 200 ? (body as Decision) : undefined;
  }

  async addFileToBank(path: string, fields: Record<string, string>): Promise<BankContent> {
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

  async listDecisions(query: Record<string, string>): Promise<readonly Decision[]> {
    const { body } = await this.#call(`/v1/decisions?${new URLSearchParams(query)}`);
    return (body as DecisionList).items.map((item) => item.decision);
  }

  /** Decisions as they are made, until `signal` aborts or the service goes away. */
  async *followDecisions(signal: AbortSignal): AsyncGenerator<Decision> {
    const response = await this.#request('/v1/decisions/stream', { signal, headers: { accept: 'text/event-stream' } });
    let buffered = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      buffered += decoder.decode(chunk as Uint8Array, { stream: true });
      const events = buffered.split('\n\n');
      buffered = events.pop() ?? '';
      for (const event of events) {
        const data = event.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5)] : []));
        if (data.length > 0) yield JSON.parse(data.join('\n')) as Decision;
      }
    }
  }

  async #call(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
    const response = await this.#request(path, init);
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async #request(path: string, init: RequestInit) {
    const headers = new Headers(init.headers as Record<string, string> | undefined);
    if (this.#options.token !== undefined) headers.set('authorization', `Bearer ${this.#options.token}`);
    let response: Awaited<ReturnType<typeof fetch>>;
    try {
      response = await fetch(new URL(path, this.#options.url), { ...init, headers: Object.fromEntries(headers) });
    } catch (cause) {
      throw new FloodgateError(
        'unreachable',
        `no service answers at ${this.#options.url}; is "floodgate serve" running?`,
        {
          cause,
        },
      );
    }
    if (!response.ok) throw problemError(response.status, await response.text());
    return response;
  }
}

function jsonPost(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

async function fileForm(path: string, fields: Record<string, string>): Promise<FormData> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', await fileBlob(path), basename(path));
  return form;
}

/** A blob backed by the file, so that a large one is not read into memory. */
async function fileBlob(path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch (cause) {
    throw new FloodgateError('not_found', `${path} cannot be read`, { cause });
  }
}

function problemError(status: number, text: string): FloodgateError {
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string; title?: string; errors?: [] };
    const code = problem.code !== undefined && problem.code in errorKinds ? (problem.code as ErrorCode) : 'internal';
    return new FloodgateError(code, problem.detail ?? problem.title ?? text, { fields: problem.errors ?? [] });
  } catch {
    return new FloodgateError('internal', `the service answered ${status}: ${text.slice(0, 200)}`);
  }
}
