/** /v1/dead-letters: events that could not be interpreted are listed, shown and sent through once more. */
import { named } from '../../contracts/api.ts';
import {
  DeadLetter,
  DeadLetterList,
  DeadLetterListQuery,
  DeadLetterParams,
  DeadLetterReplay,
  DeadLetterReplayed,
  DeadLettersReplay,
  DeadLettersReplayed,
} from '../../contracts/dead-letter.ts';
import { validatorOf } from '../../contracts/validate.ts';
import { type App, problems, type RouteContext } from '../app.ts';

const replayValidator = validatorOf(DeadLetterReplay, 'the replay', 'invalid_request');
const replayAllValidator = validatorOf(DeadLettersReplay, 'the replay', 'invalid_request');

const listSchema = {
  operationId: 'listDeadLetters',
  tags: ['dead-letters'],
  summary: 'Dead letters, newest first',
  querystring: DeadLetterListQuery,
  response: {
    200: { description: 'A page.', content: { 'application/json': { schema: named(DeadLetterList) } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin', 'log_failed'),
  },
};

const getSchema = {
  operationId: 'getDeadLetter',
  tags: ['dead-letters'],
  summary: 'One dead letter with its value',
  params: DeadLetterParams,
  response: {
    200: { description: 'The dead letter.', content: { 'application/json': { schema: named(DeadLetter) } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin', 'not_found', 'log_failed'),
  },
};

const replaySchema = {
  operationId: 'replayDeadLetter',
  tags: ['dead-letters'],
  summary: 'Send the event through once more',
  description:
    'Appends the record to the uploads as it was, or with a corrected value. An event that has its decision by now ' +
    'changes nothing; one that fails again becomes a dead letter with one attempt more.',
  params: DeadLetterParams,
  body: { content: { 'application/json': { schema: named(DeadLetterReplay) } } },
  response: {
    202: { description: 'Appended.', content: { 'application/json': { schema: named(DeadLetterReplayed) } } },
    ...problems(
      'invalid_request',
      'unauthorized',
      'forbidden_origin',
      'not_found',
      'conflict',
      'payload_too_large',
      'overloaded',
      'log_full',
      'log_failed',
    ),
  },
};

const replayAllSchema = {
  operationId: 'replayDeadLetters',
  tags: ['dead-letters'],
  summary: 'Send every event of one code through once more',
  description:
    'Each event once, though it may have several dead letters: the newest one counts. `count` must be how many they are, ' +
    'so that nobody replays more than was looked at.',
  body: { content: { 'application/json': { schema: named(DeadLettersReplay) } } },
  response: {
    202: { description: 'Appended.', content: { 'application/json': { schema: named(DeadLettersReplayed) } } },
    ...problems(
      'invalid_request',
      'unauthorized',
      'forbidden_origin',
      'conflict',
      'overloaded',
      'log_full',
      'log_failed',
    ),
  },
};

export function deadLetterRoutes(app: App, { parts }: RouteContext): void {
  const { deadLetters } = parts;

  app.get('/dead-letters', { schema: listSchema }, async (request): Promise<DeadLetterList> => {
    const { cursor, limit = 50, code } = request.query;
    const after = cursor === undefined ? {} : { cursor };
    return deadLetters.list(code === undefined ? {} : { code }, { ...after, limit });
  });

  app.get('/dead-letters/:id', { schema: getSchema }, async (request) => deadLetters.get(request.params.id));

  app.post('/dead-letters/:id/replay', { schema: replaySchema }, async (request, reply) => {
    const { value, valueEncoding } = replayValidator.parse(request.body ?? {});
    const bytes = value === undefined ? undefined : Buffer.from(value, valueEncoding === 'base64' ? 'base64' : 'utf8');
    return reply.code(202).send(await deadLetters.replay(request.params.id, bytes));
  });

  app.post('/dead-letters/replay', { schema: replayAllSchema }, async (request, reply) => {
    const { code, count } = replayAllValidator.parse(request.body ?? {});
    return reply.code(202).send(await deadLetters.replayAll(code, count));
  });
}
