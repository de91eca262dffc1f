/** Every error as RFC 9457 problem details: one mapping from anything thrown to a code, and one shape on the wire. */
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { limits } from '../config/limits.ts';
import type { Problem } from '../contracts/api.ts';
import { type ErrorCode, errorKinds, FloodgateError } from '../errors.ts';
import type { Telemetry } from '../telemetry.ts';

const problemContentType = 'application/problem+json; charset=utf-8';

/** Fastify's own errors, by their code; what is not listed goes by its status. */
const frameworkCodes: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported',
    detail: 'Send application/json, application/cloudevents+json or multipart/form-data, as the route says.',
  },
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'payload_too_large',
    detail: `A JSON body may have ${limits.requestBytesMax} bytes. Send larger content as a file in multipart/form-data.`,
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_request', detail: 'The body is empty, but JSON was announced.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid_request', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'invalid_request',
    detail: 'The body has not as many bytes as Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'invalid_request', detail: 'The path is not valid percent-encoding.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'invalid_request', detail: 'The path is too long.' },
  // Nobody is left to read the answer, but it is no fault of ours that would be logged as one.
  ECONNRESET: { code: 'invalid_request', detail: 'The connection ended before the request did.' },
  ERR_STREAM_PREMATURE_CLOSE: { code: 'invalid_request', detail: 'The connection ended before the request did.' },
  FST_REQ_FILE_TOO_LARGE: { code: 'payload_too_large', detail: 'The file is over the limit on content.' },
  FST_MP_PREMATURE_CLOSE: { code: 'invalid_request', detail: 'The request ended before its multipart body did.' },
  FST_INVALID_JSON_FIELD_ERROR: { code: 'invalid_request', detail: 'A part that says it is JSON is not.' },
};

/** Gives anything thrown by a route, a plug-in or the framework a code, and a detail that tells no secrets. */
function toHttpError(thrown: unknown): FloodgateError {
  if (thrown instanceof FloodgateError) return thrown;
  const error = thrown as Partial<FastifyError>;
  if (error.name === 'AbortError') {
    return new FloodgateError('not_ready', 'Given up, because the service is stopping. Try again.', { cause: thrown });
  }
  const known = typeof error.code === 'string' ? frameworkCodes[error.code] : undefined;
  if (known !== undefined) return new FloodgateError(known.code, known.detail, { cause: thrown });
  const status = error.statusCode ?? 500;
  if (status === 413) return new FloodgateError('payload_too_large', String(error.message), { cause: thrown });
  if (status >= 400 && status < 500) {
    return new FloodgateError('invalid_request', String(error.message), { cause: thrown });
  }
  return new FloodgateError('internal', 'Something failed that should not have. The log tells more.', {
    cause: thrown,
  });
}

export function problemOf(error: FloodgateError, path: string, requestId: string): Problem {
  const { title, status } = errorKinds[error.code];
  return {
    type: `/docs/problems/${error.code}`,
    title,
    status,
    detail: error.message,
    instance: path,
    code: error.code,
    requestId,
    ...(error.fields.length === 0 ? {} : { errors: error.fields.map((field) => ({ ...field })) }),
  };
}

export function installProblems(app: FastifyInstance, telemetry: Telemetry): void {
  app.setErrorHandler((thrown, request, reply) => answerProblem(thrown, request, reply, telemetry));
  app.setNotFoundHandler((request, reply) => {
    const error = new FloodgateError('not_found', `There is no ${request.method} ${pathOf(request.url)}; see /docs.`);
    return sendProblem(error, request, reply);
  });
}

export function answerProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  telemetry: Telemetry,
): FastifyReply {
  const error = toHttpError(thrown);
  if (errorKinds[error.code].status === 500) telemetry.failed('an HTTP request failed', thrown);
  return sendProblem(error, request, reply);
}

function sendProblem(error: FloodgateError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, pathOf(request.url), request.id);
  if (problem.status === 503) reply.header('retry-after', limits.retryAfterSeconds);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="floodgate"');
  // A large body that is refused is not read to its end, so the connection cannot be used again.
  if (problem.status === 413) reply.header('connection', 'close');
  return reply.code(problem.status).header('content-type', problemContentType).send(problem);
}

/** The query may hold what a log or an error should not repeat. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

/** Answers what is not HTTP at all, such as a header that is too long; there is no request to speak of. */
export function answerBrokenHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const detail = timedOut ? 'The request did not arrive in time.' : 'This is not a valid HTTP request.';
  const problem = problemOf(new FloodgateError(timedOut ? 'timed_out' : 'invalid_request', detail), '', '');
  const statusLine = timedOut ? '408 Request Timeout' : '400 Bad Request';
  const body = JSON.stringify({ ...problem, status: timedOut ? 408 : 400 });
  socket.end(
    `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Type: ${problemContentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
