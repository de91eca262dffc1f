/** The type of the Fastify application with our type provider, and what all routes share. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifySchemaCompiler,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { named, Problem } from '../contracts/api.ts';
import { validatorOf } from '../contracts/validate.ts';
import { type ErrorCode, errorKinds, FloodgateError } from '../errors.ts';
import type { HttpConfig, HttpParts } from './parts.ts';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What a group of routes is given. */
export interface RouteContext {
  readonly parts: HttpParts;
  readonly config: HttpConfig;
  /** Aborts when the server closes, so that waiting requests and streams end. */
  readonly closing: AbortSignal;
}

const partNames: Readonly<Record<string, string>> = { querystring: 'query', params: 'params', headers: 'headers' };

/**
 * Validates queries, whose numbers arrive as text, and parameters, and names the field at fault.
 * Bodies are not its business: the two routes that take one accept several content types and parse them themselves,
 * with the same schemas.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'body') return (value: unknown) => ({ value });
  const validator = validatorOf(schema, 'the request', 'invalid_request');
  const prefix = `/${partNames[httpPart ?? ''] ?? httpPart}`;
  return (value: unknown) => {
    const converted = httpPart === 'querystring' ? Value.Convert(schema, value) : value;
    const fields = validator.faults(converted).map((fault) => ({ ...fault, pointer: prefix + fault.pointer }));
    if (fields.length === 0) return { value: converted };
    const [first] = fields;
    return { error: new FloodgateError('invalid_request', `${first?.pointer} ${first?.message}`, { fields }) };
  };
};

/** The OpenAPI responses of the errors that a route may answer with. */
export function problems(...codes: ErrorCode[]): Record<number, object> {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const { status } = errorKinds[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const entries = [...byStatus].map(([status, names]) => [
    status,
    { description: names.join(', '), content: { 'application/problem+json': { schema: named(Problem) } } },
  ]);
  return Object.fromEntries(entries);
}

/**
 * Aborts when the client goes away before its answer is complete, or the server closes. By hand, because in Node 20 what
 * `AbortSignal.any` returns may be collected as garbage while it is waited for.
 */
export function abandoned(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const either = new AbortController();
  const abort = (): void => either.abort();
  if (closing.aborted) abort();
  closing.addEventListener('abort', abort);
  reply.raw.once('close', () => {
    closing.removeEventListener('abort', abort);
    if (!reply.raw.writableFinished) abort();
  });
  return either.signal;
}
