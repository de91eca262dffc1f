/** The one error that code in the child throws on purpose; the parent turns it into a FloodgateError. */
import type { ChildFailureCode } from '../protocol.ts';

export class ContentFailure extends Error {
  override readonly name = 'ContentFailure';
  readonly code: ChildFailureCode;

  constructor(code: ChildFailureCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
