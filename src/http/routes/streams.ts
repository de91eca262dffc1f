/** GET /v1/streams/{streamId}: what was decided of a live stream, and what is seen of it. */
import { named } from '../../contracts/api.ts';
import { Stream, StreamParams } from '../../contracts/stream.ts';
import { FloodgateError } from '../../errors.ts';
import { type App, problems, type RouteContext } from '../app.ts';

const schema = {
  operationId: 'getStream',
  tags: ['decisions'],
  summary: 'The latest decision on a live stream, and its segments',
  params: StreamParams,
  response: {
    200: { description: 'The stream.', content: { 'application/json': { schema: named(Stream) } } },
    ...problems('invalid_request', 'unauthorized', 'forbidden_origin', 'not_found'),
  },
};

export function streamRoutes(app: App, { parts }: RouteContext): void {
  const { decisions, live } = parts.streams;

  app.get('/streams/:streamId', { schema }, async (request): Promise<Stream> => {
    const { streamId } = request.params;
    const [decision, seen] = [decisions.find(streamId) ?? null, live(streamId)];
    if (decision === null && seen === undefined) {
      throw new FloodgateError('not_found', `There is no decision on the stream ${streamId}, nor is it live here.`);
    }
    if (seen === undefined) return { streamId, decision, live: null };
    const { segments, lastReceivedMs, seconds } = seen;
    return { streamId, decision, live: { segments, lastSegmentAt: new Date(lastReceivedMs).toISOString(), seconds } };
  });
}
