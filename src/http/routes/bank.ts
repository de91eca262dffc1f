/** /v1/bank: known content is added, listed and removed. */
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { BankList, BankListQuery, named } from '../../contracts/api.ts';
import { BankAddition, BankContent } from '../../contracts/bank.ts';
import { ContentId } from '../../contracts/common.ts';
import { validatorOf } from '../../contracts/validate.ts';
import { FloodgateError } from '../../errors.ts';
import { type App, abandoned, problems, type RouteContext } from '../app.ts';
import { readForm } from '../multipart.ts';

const additionValidator = validatorOf(BankAddition, 'the addition', 'invalid_request');

const addSchema = {
  operationId: 'addBankContent',
  tags: ['bank'],
  summary: 'Add known content',
  description:
    'By `uri`, by `frames`, or as multipart/form-data with the content as part `file`. Answers once the content is ' +
    'searchable. Content that is there already is replaced by a new revision.',
  consumes: ['application/json', 'multipart/form-data'],
  body: {
    content: {
      'application/json': { schema: named(BankAddition) },
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['file'],
          properties: {
            file: { type: 'string', contentMediaType: 'application/octet-stream' },
            contentId: { type: 'string' },
            bank: { type: 'string' },
            labels: { type: 'string', description: 'Repeated, or separated by commas.' },
            sha256: { type: 'string' },
          },
        },
      },
    },
  },
  response: {
    201: { description: 'Searchable now.', content: { 'application/json': { schema: named(BankContent) } } },
    ...problems(
      'invalid_request',
      'unauthorized',
      'forbidden_origin',
      'forbidden_source',
      'conflict',
      'payload_too_large',
      'unsupported',
      'undecodable',
      'digest_mismatch',
      'unreachable',
      'bank_full',
      'timed_out',
    ),
  },
};

const listSchema = {
  operationId: 'listBankContents',
  tags: ['bank'],
  summary: 'Known contents, by contentId',
  querystring: BankListQuery,
  response: {
    200: { description: 'A page.', content: { 'application/json': { schema: named(BankList) } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin'),
  },
};

const params = Type.Object({ contentId: ContentId });

const getSchema = {
  operationId: 'getBankContent',
  tags: ['bank'],
  summary: 'One known content',
  description: 'A contentId with slashes may be written as it is, or percent-encoded.',
  params,
  response: {
    200: { description: 'The content.', content: { 'application/json': { schema: named(BankContent) } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin', 'not_found'),
  },
};

const removeSchema = {
  operationId: 'removeBankContent',
  tags: ['bank'],
  summary: 'Remove known content',
  description: 'Answers once the content is no longer searchable.',
  params,
  response: {
    204: { description: 'Removed.', type: 'null' },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin', 'not_found'),
  },
};

/** A contentId may hold slashes, which a named parameter takes only when they are encoded. */
const wildcard = Type.Object({ '*': ContentId });

export function bankRoutes(app: App, context: RouteContext): void {
  const { bank } = context.parts;

  app.post('/bank', { schema: addSchema }, async (request, reply) => {
    const content = await add(request, context, abandoned(reply, context.closing));
    return reply
      .code(201)
      .header('location', `/v1/bank/${encodeURIComponent(content.contentId)}`)
      .send(content);
  });

  app.get('/bank', { schema: listSchema }, async (request): Promise<BankList> => {
    const { cursor, limit = 50, bank: name } = request.query;
    const after = cursor === undefined ? {} : { after: cursor };
    const page = bank.list(name === undefined ? {} : { bank: name }, { ...after, limit });
    return { items: [...page.items], nextCursor: page.nextCursor };
  });

  const get = (contentId: string): BankContent => {
    const content = bank.get(contentId);
    if (content === undefined) throw unknownContent(contentId);
    return content;
  };
  app.get('/bank/:contentId', { schema: getSchema }, async (request) => get(request.params.contentId));
  app.get('/bank/*', { schema: { hide: true, params: wildcard } }, async (request) => get(request.params['*']));

  const remove = async (contentId: string): Promise<void> => {
    if (!(await bank.remove(contentId))) throw unknownContent(contentId);
  };
  app.delete('/bank/:contentId', { schema: removeSchema }, async (request, reply) => {
    await remove(request.params.contentId);
    return reply.code(204).send();
  });
  app.delete('/bank/*', { schema: { hide: true, params: wildcard } }, async (request, reply) => {
    await remove(request.params['*']);
    return reply.code(204).send();
  });
}

function unknownContent(contentId: string): FloodgateError {
  return new FloodgateError('not_found', `No bank holds ${contentId}.`);
}

async function add(request: FastifyRequest, context: RouteContext, signal: AbortSignal): Promise<BankContent> {
  if (request.isMultipart()) return addFile(request, context, signal);
  const addition = additionValidator.parse(request.body);
  const sources = [addition.uri, addition.frames].filter((source) => source !== undefined);
  if (sources.length === 1) return context.parts.bank.add(addition, undefined, signal);
  const message = 'exactly one of uri and frames must be given, or a file as multipart/form-data';
  throw new FloodgateError('invalid_request', `the addition is not valid: ${message}`, {
    fields: [{ pointer: '/uri', message }],
  });
}

async function addFile(request: FastifyRequest, context: RouteContext, signal: AbortSignal): Promise<BankContent> {
  const { fields, file } = await readForm(request, context.parts.spool, {
    contentBytesMax: context.config.contentBytesMax,
    jsonFields: [],
    faultCode: 'invalid_request',
    signal,
  });
  try {
    const addition = additionValidator.parse(withLabelList(fields));
    const twice = (['uri', 'frames', 'durationMs'] as const).find((name) => addition[name] !== undefined);
    if (twice === undefined) return await context.parts.bank.add(addition, file, signal);
    const message = 'does not go together with a file';
    throw new FloodgateError('invalid_request', `/${twice} ${message}`, {
      fields: [{ pointer: `/${twice}`, message }],
    });
  } finally {
    await file.discard();
  }
}

function withLabelList(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { labels } = fields;
  if (labels === undefined) return fields;
  const list = [labels].flat().flatMap((label) => (typeof label === 'string' ? label.split(',') : [label]));
  return { ...fields, labels: list.map((label) => (typeof label === 'string' ? label.trim() : label)) };
}
