import { describe, expect, it } from 'vitest';
import { Closers } from '../../../src/flow/closers.ts';

function closersOf(names: readonly string[], failing: readonly string[] = []) {
  const closers = new Closers();
  const closed: string[] = [];
  for (const name of names) {
    closers.add(name, async () => {
      closed.push(name);
      if (failing.includes(name)) throw new Error(`${name} is stuck`);
    });
  }
  return { closers, closed };
}

describe('Closers', () => {
  it('closes in reverse, each once', async () => {
    const { closers, closed } = closersOf(['log', 'bank', 'http']);
    await closers.closeAll();
    await closers.closeAll();
    expect(closed).toEqual(['http', 'bank', 'log']);
  });

  it('closes everything though parts fail, then rejects with the first failure and its cause', async () => {
    const { closers, closed } = closersOf(['log', 'bank', 'http'], ['http', 'log']);
    await expect(closers.closeAll()).rejects.toMatchObject({
      message: 'http could not be closed',
      cause: { message: 'http is stuck' },
    });
    expect(closed).toEqual(['http', 'bank', 'log']);
  });
});
