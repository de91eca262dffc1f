/** Where known content comes in: a file, an address or hashes become content that is searchable. */
import { type EnrolParts, enrolFile, entryOfHashes } from '../bank/enrol.ts';
import type { BankPage, LiveBank } from '../bank/live-bank.ts';
import type { BankAddition, BankContent } from '../contracts/bank.ts';
import { FloodgateError } from '../errors.ts';
import type { Fetcher } from '../fetch/fetcher.ts';

export interface BankDeskParts extends EnrolParts {
  readonly bank: LiveBank;
  readonly fetcher: Fetcher;
}

export class BankDesk {
  readonly #parts: BankDeskParts;

  constructor(parts: BankDeskParts) {
    this.#parts = parts;
  }

  /**
   * Resolves once the content is searchable. `addition` names a uri or frames, or `file` is given: exactly one of the
   * three. Throws invalid_request otherwise, digest_mismatch, and what fetching, fingerprinting and the bank throw.
   */
  async add(
    addition: BankAddition,
    file: { readonly uri: string } | undefined,
    signal: AbortSignal,
  ): Promise<BankContent> {
    const { uri, frames, ...facts } = addition;
    const sources = [uri, frames, file].filter((source) => source !== undefined);
    if (sources.length !== 1) {
      throw new FloodgateError('invalid_request', 'give exactly one of: a file, uri, frames', {
        fields: [{ pointer: '', message: 'must have exactly one of: file, uri, frames' }],
      });
    }
    if (frames !== undefined) return this.#parts.bank.add(entryOfHashes({ ...facts, frames }));
    return this.#addFetched(facts, file?.uri ?? uri ?? '', signal);
  }

  list(filter: { readonly bank?: string }, page: { readonly after?: string; readonly limit: number }): BankPage {
    return this.#parts.bank.list(filter, page);
  }

  get(contentId: string): BankContent | undefined {
    return this.#parts.bank.get(contentId);
  }

  /** Resolves with false when there is no such content; otherwise once it is no longer searchable. */
  remove(contentId: string): Promise<boolean> {
    return this.#parts.bank.remove(contentId);
  }

  async #addFetched(
    facts: Omit<BankAddition, 'uri' | 'frames'>,
    uri: string,
    signal: AbortSignal,
  ): Promise<BankContent> {
    const content = await this.#parts.fetcher.fetch({ uri }, signal);
    try {
      if (facts.sha256 !== undefined && facts.sha256 !== content.sha256) {
        throw new FloodgateError('digest_mismatch', `the bytes have SHA-256 ${content.sha256}`);
      }
      const { contentId, bank, labels } = facts;
      return await enrolFile(this.#parts, {
        path: content.path,
        sha256: content.sha256,
        signal,
        ...(contentId === undefined ? {} : { contentId }),
        ...(bank === undefined ? {} : { bank }),
        ...(labels === undefined ? {} : { labels }),
      });
    } finally {
      await content.release();
    }
  }
}
