/** Asks the service for data, with the token of this tab if there is one. */

const tokenKey = 'floodgate-token';

export class NeedsToken extends Error {}

export function keepToken(token) {
  sessionStorage.setItem(tokenKey, token);
}

export function hasToken() {
  return sessionStorage.getItem(tokenKey) !== null;
}

async function ask(path, headers = {}, signal = undefined) {
  const token = sessionStorage.getItem(tokenKey);
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(path, { headers: { ...headers, ...authorization }, cache: 'no-store', signal });
  if (answer.status === 401) throw new NeedsToken();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer;
}

export async function askJson(path) {
  return (await ask(path, {}, AbortSignal.timeout(10_000))).json();
}

/**
 * Follows the stream until it ends or fails. EventSource cannot send a token, so the events are read by hand.
 * `onEvent(sequence, decision)`; the sequence of the last one is where to resume.
 */
export async function followDecisions(afterSequence, onOpen, onEvent) {
  const headers = {
    accept: 'text/event-stream',
    ...(afterSequence === null ? {} : { 'last-event-id': `${afterSequence}` }),
  };
  const answer = await ask('/v1/decisions/stream', headers);
  onOpen();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    for (const event of events) readEvent(event, onEvent);
  }
}

function readEvent(text, onEvent) {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  if (fields.get('event') === 'decision') onEvent(Number(fields.get('id')), JSON.parse(fields.get('data')));
}
