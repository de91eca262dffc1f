/** Server-sent events as they come, in pieces of any size. What is not data (comments, retry times) is passed over. */

export interface ServerEvent {
  /** Empty when the event has none. */
  readonly id: string;
  /** `message` when the event has none. */
  readonly name: string;
  readonly data: string;
}

/** An event that is cut off at the end of the stream is dropped: its sender gives it again to whoever resumes. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let buffered = '';
  for await (const chunk of chunks) {
    buffered += decoder.decode(chunk, { stream: true });
    const blocks = buffered.split(/\r?\n\r?\n/);
    buffered = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = fieldsOf(block, 'data');
      if (data.length === 0) continue;
      const [id = '', name = 'message'] = [fieldsOf(block, 'id').at(-1), fieldsOf(block, 'event').at(-1)];
      yield { id, name, data: data.join('\n') };
    }
  }
}

function fieldsOf(block: string, name: string): string[] {
  return block
    .split(/\r?\n/)
    .filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).replace(/^ /, ''));
}
