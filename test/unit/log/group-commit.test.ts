import { describe, expect, it } from 'vitest';
import type { CommitRequest, CommitResult } from '../../../src/log/commit.ts';
import { GroupCommit } from '../../../src/log/group-commit.ts';
import { codeOf, recordOf } from '../../support/log-records.ts';

function rig(overrides: Partial<ConstructorParameters<typeof GroupCommit>[0]> = {}) {
  const groups: (readonly CommitRequest[])[] = [];
  const commit = async (requests: readonly CommitRequest[]): Promise<CommitResult[]> => {
    groups.push(requests);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return requests.map((_, place) => ({ offsets: [place] }));
  };
  const options = { groupCommitMs: 1, commitBytesMax: 1_000, queueBytesMax: 2_000, commit, ...overrides };
  return { groups, committer: new GroupCommit(options) };
}

const appendOf = (bytes: number): CommitRequest => ({
  kind: 'append',
  records: [{ ...recordOf('uploads', ''), value: new Uint8Array(bytes) }],
});

describe('group commit', () => {
  it('puts what arrives together into one commit, and what arrives meanwhile into the next', async () => {
    const { groups, committer } = rig();
    const first = [committer.add(appendOf(1)), committer.add(appendOf(1))];
    await first[0];
    const second = Promise.all([committer.add(appendOf(1)), committer.add(appendOf(1)), committer.add(appendOf(1))]);
    await second;
    expect(groups.map((group) => group.length)).toEqual([2, 3]);
    expect(await Promise.all(first)).toEqual([[0], [1]]);
  });

  it('begins commits no more often than it is told to', async () => {
    const { groups, committer } = rig({ groupCommitMs: 40 });
    const startedMs = performance.now();
    await committer.add(appendOf(1));
    await committer.add(appendOf(1));
    await committer.add(appendOf(1));
    expect(groups).toHaveLength(3);
    expect(performance.now() - startedMs).toBeGreaterThan(75);
  });

  it('cuts commits at their size, but lets one larger request go alone', async () => {
    const { groups, committer } = rig();
    const sizes = [600, 300, 200, 1_500];
    await Promise.all(
      sizes.map((bytes) =>
        committer.add({
          ...appendOf(bytes),
          kind: 'settle',
          topic: 'uploads',
          group: 'g',
          offsets: [],
          outputs: [{ ...recordOf('uploads', ''), value: new Uint8Array(bytes) }],
        }),
      ),
    );
    expect(groups.map((group) => group.length)).toEqual([2, 1, 1]);
  });

  it('refuses appends over the queue, and never a settlement', async () => {
    const { committer } = rig();
    const waiting = [committer.add(appendOf(900)), committer.add(appendOf(900))];
    expect(await codeOf(committer.add(appendOf(900)))).toBe('overloaded');
    const settlement = committer.add({ kind: 'settle', topic: 'uploads', group: 'g', offsets: [1], outputs: [] });
    await Promise.all([...waiting, settlement]);
    expect(await codeOf(committer.add(appendOf(900)))).toBe('resolved');
  });

  it('hands each request its own refusal', async () => {
    const commit = async (): Promise<CommitResult[]> => [
      { offsets: [7] },
      { refusal: { code: 'log_full', message: 'no room' } },
    ];
    const { committer } = rig({ commit });
    const [good, bad] = [committer.add(appendOf(1)), codeOf(committer.add(appendOf(1)))];
    expect(await good).toEqual([7]);
    expect(await bad).toBe('log_full');
  });

  it('goes on after a commit that failed as a whole', async () => {
    let failing = true;
    const commit = async (requests: readonly CommitRequest[]): Promise<CommitResult[]> => {
      if (failing) throw new Error('gone');
      return requests.map(() => ({ offsets: [1] }));
    };
    const { committer } = rig({ commit });
    expect(await codeOf(committer.add(appendOf(1)))).toContain('gone');
    failing = false;
    expect(await committer.add(appendOf(1))).toEqual([1]);
    await committer.idle();
  });
});
