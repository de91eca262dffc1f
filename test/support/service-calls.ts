/** A served process with a folder of its own, and the calls that tests make to it over HTTP. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BankContent } from '../../src/contracts/bank.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { type Origin, startOrigin } from './loopback-origin.ts';
import { drawFrame, encodeImage } from './media-samples.ts';
import { type ServedProcess, serveProcess } from './served-process.ts';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** Folders and processes that a test file has opened, closed in reverse. */
export class Rig {
  readonly #closers: (() => Promise<unknown>)[] = [];

  onClose(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'floodgate-test-'));
    this.onClose(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  async serve(dataFolder: string, environment: Record<string, string> = {}): Promise<ServedProcess> {
    const served = await serveProcess({ dataFolder, environment: { FLOODGATE_CHILDREN: '1', ...environment } });
    this.onClose(() => served.stop('SIGKILL'));
    return served;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

export async function call<T = Record<string, unknown>>(url: string, init: RequestInit = {}): Promise<Answer<T>> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
}

export function postJson<T = Record<string, unknown>>(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const init = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  };
  return call<T>(url, init);
}

/** Submits the bytes as a file and waits for the decision. */
export async function decide(url: string, bytes: Buffer, uploadId: string = randomUUID()): Promise<Decision> {
  const { status, body } = await postFile<Decision>(`${url}/v1/uploads?wait=20`, bytes, { uploadId });
  if (status !== 200) throw new Error(`${uploadId} was not decided: ${status} ${JSON.stringify(body)}`);
  return body;
}

export async function addKnown(url: string, bytes: Buffer, fields: Record<string, string>): Promise<BankContent> {
  const { status, body } = await postFile<BankContent>(`${url}/v1/bank`, bytes, fields);
  if (status !== 201) throw new Error(`${fields.contentId} was not added: ${status} ${JSON.stringify(body)}`);
  return body;
}

export function postFile<T>(
  url: string,
  bytes: Buffer,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(bytes)]), 'sample.bin');
  return call<T>(url, { method: 'POST', body: form, headers });
}

/** A small picture with detail; the seed tells contents apart. */
export function picture(seed: number): Promise<Buffer> {
  return encodeImage(drawFrame(256, 192, seed * 0.9, seed), 'jpeg');
}

export interface HeldOrigin extends Origin {
  /** Resolves once somebody waits for an answer. */
  readonly asked: Promise<void>;
  /** Answers what waits, and from now on everything at once. */
  release(): void;
  /** Answers what waits for this path. */
  answerOnly(path: string): void;
}

/** An origin that answers only when it is told to: an upload from there stays on its way for as long as a test wants. */
export async function startHeldOrigin(bytes: Buffer): Promise<HeldOrigin> {
  const waiting: { path: string; answer(): void }[] = [];
  let held = true;
  let noteAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    noteAsked = resolve;
  });
  const origin = await startOrigin((request, response) => {
    const answer = () => void response.end(bytes);
    if (held) waiting.push({ path: request.url ?? '', answer });
    else answer();
    noteAsked();
  });
  const answerOnly = (path: string) => {
    for (const each of waiting) if (each.path === path) each.answer();
  };
  const release = () => {
    held = false;
    for (const each of waiting) each.answer();
  };
  return { ...origin, asked, answerOnly, release };
}

export function spooledFiles(dataFolder: string): Promise<string[]> {
  return readdir(join(dataFolder, 'spool'));
}
