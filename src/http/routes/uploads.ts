/** POST /v1/uploads: an upload event as JSON, as a CloudEvent, or with its file. */
import type { FastifyRequest } from 'fastify';
import { limits } from '../../config/limits.ts';
import { named, UploadAccepted, UploadQuery, UploadSubmission } from '../../contracts/api.ts';
import { Decision } from '../../contracts/decision.ts';
import type { UploadEvent } from '../../contracts/upload.ts';
import { FloodgateError } from '../../errors.ts';
import { type App, abandoned, problems, type RouteContext } from '../app.ts';
import { readForm } from '../multipart.ts';
import type { SpooledFile } from '../parts.ts';
import { completeUpload, type Envelope, openHeaders, openStructured } from '../submission.ts';

const structuredType = 'application/cloudevents+json';

interface Received {
  readonly event: UploadEvent;
  readonly envelope: Envelope;
  readonly file?: SpooledFile;
}

const schema = {
  operationId: 'submitUpload',
  tags: ['uploads'],
  summary: 'Submit an upload for a decision',
  description:
    'As a JSON event; as a CloudEvent 1.0 (binary mode with `ce-*` headers, or structured mode); or as ' +
    'multipart/form-data with the content as part `file` and the other fields of the event as fields, or all of them ' +
    'as one JSON part `event`. `ce-id` or `Idempotency-Key` becomes the id of the event: the same id again changes ' +
    'nothing.',
  consumes: ['application/json', structuredType, 'multipart/form-data'],
  querystring: UploadQuery,
  body: {
    content: {
      'application/json': { schema: named(UploadSubmission) },
      [structuredType]: {
        schema: {
          type: 'object',
          required: ['specversion', 'id', 'source', 'type', 'data'],
          properties: {
            specversion: { const: '1.0' },
            id: { type: 'string' },
            source: { type: 'string' },
            type: { type: 'string' },
            data: named(UploadSubmission),
          },
        },
      },
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['file'],
          properties: {
            file: { type: 'string', contentMediaType: 'application/octet-stream' },
            event: { type: 'string', description: 'The event as JSON, without content.' },
            uploadId: { type: 'string' },
            mediaType: { type: 'string' },
            sha256: { type: 'string' },
            uploaderId: { type: 'string' },
            uploadedAt: { type: 'string' },
            context: { type: 'string', description: 'A JSON object.' },
            stream: { type: 'string', description: 'A JSON object.' },
          },
        },
      },
    },
  },
  response: {
    200: {
      description: 'Decided within `wait`.',
      content: { 'application/json': { schema: named(Decision) } },
    },
    202: {
      description: 'Accepted; the decision will be at Location.',
      headers: { location: { type: 'string', description: 'Where the decision will be found.' } },
      content: { 'application/json': { schema: named(UploadAccepted) } },
    },
    ...problems(
      'invalid_event',
      'invalid_request',
      'unauthorized',
      'forbidden_origin',
      'payload_too_large',
      'unsupported',
      'overloaded',
      'log_full',
    ),
  },
};

export function uploadRoutes(app: App, context: RouteContext): void {
  app.post('/uploads', { schema }, async (request, reply) => {
    const waitMs = waitMsOf(request.query.wait);
    const gone = abandoned(reply, context.closing);
    const { event, envelope, file } = await receive(request, context, gone);
    const submitted = await submit(event, envelope, file, context);
    const { uploadId, eventId, position } = submitted;
    const decisionPath = `/v1/decisions/${encodeURIComponent(uploadId)}`;
    reply.header('location', decisionPath);
    if (waitMs > 0) {
      const decision = await context.parts.intake.waitForDecision(uploadId, eventId, waitMs, gone);
      if (decision !== undefined) return reply.code(200).send(decision);
    }
    return reply.code(202).send({ uploadId, eventId, position, decision: decisionPath });
  });
}

/** The schema has held the text to digits; the range is checked here. */
function waitMsOf(wait: string | undefined): number {
  const waitMs = wait === undefined ? 0 : Math.round(Number.parseFloat(wait) * 1000);
  if (waitMs <= limits.waitMsMax) return waitMs;
  const message = `must be at most ${limits.waitMsMax / 1000} seconds`;
  throw new FloodgateError('invalid_request', `/query/wait ${message}`, {
    fields: [{ pointer: '/query/wait', message }],
  });
}

async function receive(request: FastifyRequest, context: RouteContext, gone: AbortSignal): Promise<Received> {
  const now = new Date();
  if (request.isMultipart()) return receiveFile(request, context, gone, now);
  if (request.headers['content-type']?.startsWith(structuredType)) {
    const { envelope, data } = openStructured(request.body);
    return { event: completeUpload(data, envelope, now), envelope };
  }
  const envelope = openHeaders(request.headers);
  return { event: completeUpload(request.body, envelope, now), envelope };
}

async function receiveFile(
  request: FastifyRequest,
  context: RouteContext,
  gone: AbortSignal,
  now: Date,
): Promise<Received> {
  const envelope = openHeaders(request.headers);
  const form = await readForm(request, context.parts.spool, {
    contentBytesMax: context.config.contentBytesMax,
    jsonFields: ['context', 'stream'],
    faultCode: 'invalid_event',
    signal: gone,
  });
  try {
    if (form.fields.content !== undefined) throw contentTwice();
    const media = form.mediaType === undefined ? {} : { mediaType: form.mediaType };
    const content = await context.parts.postedContent(form.file);
    const event = completeUpload({ ...media, ...form.fields, content }, envelope, now);
    return { event, envelope, file: form.file };
  } catch (error) {
    await form.file.discard();
    throw error;
  }
}

function contentTwice(): FloodgateError {
  const message = 'is given by the file; leave one of them out';
  return new FloodgateError('invalid_event', `/content ${message}`, { fields: [{ pointer: '/content', message }] });
}

async function submit(event: UploadEvent, envelope: Envelope, file: SpooledFile | undefined, context: RouteContext) {
  const attributes = envelope.eventId === undefined ? {} : { eventId: envelope.eventId };
  try {
    return await context.parts.intake.submit(event, attributes);
  } catch (error) {
    await file?.discard();
    throw error;
  }
}
