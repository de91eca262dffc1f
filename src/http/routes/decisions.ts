/** GET /v1/decisions, of one upload, and as a stream. */
import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { DecisionList, DecisionListQuery, DecisionQuery, named, StreamQuery } from '../../contracts/api.ts';
import { UploadId } from '../../contracts/common.ts';
import { Decision } from '../../contracts/decision.ts';
import { FloodgateError } from '../../errors.ts';
import type { DecisionFilter } from '../../views/views.ts';
import { type App, problems, type RouteContext } from '../app.ts';
import { createDecisionStream } from '../decision-stream.ts';

const listSchema = {
  operationId: 'listDecisions',
  tags: ['decisions'],
  summary: 'Decisions, newest first',
  querystring: DecisionListQuery,
  response: {
    200: { description: 'A page.', content: { 'application/json': { schema: named(DecisionList) } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin'),
  },
};

const findSchema = {
  operationId: 'getDecision',
  tags: ['decisions'],
  summary: 'The decision of an upload',
  params: Type.Object({ uploadId: UploadId }),
  querystring: DecisionQuery,
  response: {
    200: { description: 'The decision.', content: { 'application/json': { schema: named(Decision) } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin', 'not_found'),
  },
};

const streamSchema = {
  operationId: 'streamDecisions',
  tags: ['decisions'],
  summary: 'Decisions as they are made, as server-sent events',
  description:
    'Each event has the name `decision`, the sequence of the decision as id and the decision as data. With ' +
    'Last-Event-ID the stream resumes after that decision and nothing is missed. A client that does not read is ' +
    'disconnected, and may resume. Decisions on live streams come between as events of the name `stream-decision`, ' +
    'without id; they are not given again.',
  querystring: StreamQuery,
  response: {
    200: { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin', 'overloaded'),
  },
};

export function decisionRoutes(app: App, context: RouteContext): void {
  const { decisions } = context.parts;

  app.get('/decisions', { schema: listSchema }, async (request): Promise<DecisionList> => {
    const { cursor, limit = 50, ...filter } = request.query;
    const before = cursor === undefined ? {} : { before: Number(cursor) };
    const page = decisions.list(filter as DecisionFilter, { ...before, limit });
    return { items: [...page.items], nextCursor: page.nextCursor === null ? null : String(page.nextCursor) };
  });

  app.get('/decisions/:uploadId', { schema: findSchema }, async (request) => {
    const { uploadId } = request.params;
    const decision = decisions.find(uploadId, request.query.revision);
    if (decision !== undefined) return decision;
    throw new FloodgateError('not_found', `There is no decision for ${uploadId} yet, or it is no longer kept.`);
  });

  streamRoute(app, context);
}

function streamRoute(app: App, context: RouteContext): void {
  const { decisions, streams, telemetry } = context.parts;
  const stream = createDecisionStream(decisions, streams.decisions, telemetry);
  context.closing.addEventListener('abort', () => stream.close());
  const options = { schema: streamSchema, sse: 'manual' as const, config: { measured: false } };
  app.get('/decisions/stream', options, async (request, reply) => {
    const header = request.headers['last-event-id'];
    const afterSequence = sequenceOf(header === undefined ? request.query.lastEventId : String(header));
    if (context.closing.aborted) throw new FloodgateError('not_ready', 'The service is stopping.');
    forbidBuffering(reply);
    await stream.attach(reply, reply.sse, afterSequence);
    // From here on the stream owns the connection; an error status can no longer be sent.
    reply.sse.keepAlive();
    reply.hijack();
  });
}

function forbidBuffering(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
}

function sequenceOf(id: string | undefined): number | undefined {
  if (id === undefined || id === '') return undefined;
  const sequence = Number(id);
  if (/^\d+$/.test(id) && sequence <= Number.MAX_SAFE_INTEGER) return sequence;
  const pointer = '/headers/last-event-id';
  throw new FloodgateError('invalid_request', `${pointer} must be the id of an event of this stream`, {
    fields: [{ pointer, message: 'must be the id of an event of this stream' }],
  });
}
