/**
 * The closed set of error codes.
 *
 * A code is stable: it appears in problem details, dead letters, metric labels and in docs/operations/errors.md, and a
 * test proves that these agree. Messages may change; codes may not.
 *
 * `status` is the HTTP status of the problem details; `exitCode` is what the command line ends with.
 */

export interface ErrorKind {
  readonly title: string;
  readonly status: number;
  readonly exitCode: number;
}

export const errorKinds = {
  // What a caller sent.
  invalid_event: { title: 'The event does not match its schema', status: 400, exitCode: 2 },
  invalid_request: { title: 'The request is malformed', status: 400, exitCode: 2 },
  invalid_policy: { title: 'The policy file is not valid', status: 400, exitCode: 2 },
  invalid_config: { title: 'The configuration is not valid', status: 500, exitCode: 2 },
  unauthorized: { title: 'A bearer token is required', status: 401, exitCode: 3 },
  forbidden_origin: { title: 'The request came from a page of another site', status: 403, exitCode: 3 },
  not_found: { title: 'There is no such thing', status: 404, exitCode: 4 },
  conflict: { title: 'The request contradicts the present state', status: 409, exitCode: 2 },
  payload_too_large: { title: 'The request body is over the limit', status: 413, exitCode: 2 },
  // What the content was.
  unsupported: { title: 'The content is of a type that is not accepted', status: 415, exitCode: 5 },
  undecodable: { title: 'The content could not be decoded', status: 422, exitCode: 5 },
  too_large: { title: 'The content is over a limit', status: 413, exitCode: 5 },
  timed_out: { title: 'The work took longer than its deadline', status: 504, exitCode: 6 },
  forbidden_source: { title: 'The content may not be fetched from there', status: 403, exitCode: 5 },
  unreachable: { title: 'The content could not be fetched', status: 502, exitCode: 6 },
  digest_mismatch: { title: 'The bytes do not have the announced SHA-256', status: 422, exitCode: 5 },
  // What the machine could not do.
  overloaded: { title: 'The backlog is full', status: 503, exitCode: 6 },
  log_full: { title: 'The log has no room left', status: 503, exitCode: 6 },
  log_failed: { title: 'The log could not be written or read', status: 503, exitCode: 6 },
  partition_lost: {
    title: 'The partition went to another process, which has its records now',
    status: 503,
    exitCode: 6,
  },
  topics_unfit: { title: 'The topics are not what the log can stand on', status: 503, exitCode: 2 },
  bank_full: { title: 'The bank holds as many hashes as it may', status: 503, exitCode: 6 },
  not_ready: { title: 'The service is not ready', status: 503, exitCode: 6 },
  self_test_failed: { title: 'The fingerprint self-test failed', status: 503, exitCode: 7 },
  kernel_failed: { title: 'The kernel refused a call', status: 500, exitCode: 70 },
  snapshot_failed: { title: 'The snapshot could not be written or read', status: 500, exitCode: 70 },
  snapshot_damaged: { title: 'The snapshot is damaged or of another version', status: 500, exitCode: 70 },
  internal: { title: 'A fault of Floodgate itself', status: 500, exitCode: 70 },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

export interface FieldError {
  /** JSON pointer to the field, for example "/content/uri". */
  readonly pointer: string;
  readonly message: string;
}

/** Every error that Floodgate raises on purpose. `message` says what happened and what to do about it. */
export class FloodgateError extends Error {
  override readonly name = 'FloodgateError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; fields?: readonly FieldError[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? [];
  }
}

/** Gives any thrown thing a code, without ever throwing itself. */
export function toFloodgateError(thrown: unknown): FloodgateError {
  if (thrown instanceof FloodgateError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new FloodgateError('internal', message, { cause: thrown });
}
