import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSnapshotKeeper, type SnapshotKeeperOptions } from '../../../src/bank/snapshot-keeper.ts';
import { limits } from '../../../src/config/limits.ts';

const everyMs = 60_000;
const enough = limits.bankSnapshotChangesMin;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function rig(options: Partial<SnapshotKeeperOptions> = {}) {
  const state = { position: -1 };
  const written: number[] = [];
  const failures: unknown[] = [];
  const keeper = createSnapshotKeeper({
    everyMs,
    position: () => state.position,
    last: undefined,
    async write() {
      written.push(state.position);
      return { position: state.position, createdAtMs: Date.now() };
    },
    onFailure: (error) => failures.push(error),
    ...options,
  });
  return { state, written, failures, keeper };
}

describe('snapshots', () => {
  it('are written at the start when there is none of what is there, then when enough has changed', async () => {
    const { state, written, keeper } = rig();
    state.position = enough;
    keeper.start();
    await vi.advanceTimersByTimeAsync(0);
    state.position += enough - 1;
    await vi.advanceTimersByTimeAsync(everyMs);
    expect(written).toEqual([enough]);
    state.position += 1;
    await vi.advanceTimersByTimeAsync(everyMs * 3);
    expect(written).toEqual([enough, 2 * enough]);
    await keeper.close();
  });

  it('are written for any change before they are too old to go on from', async () => {
    const { state, written, keeper } = rig({ last: { position: 5, createdAtMs: Date.now() } });
    state.position = 6;
    keeper.start();
    await vi.advanceTimersByTimeAsync(limits.bankSnapshotRenewMs - everyMs);
    expect(written).toEqual([]);
    await vi.advanceTimersByTimeAsync(2 * everyMs);
    expect(written).toEqual([6]);
    await vi.advanceTimersByTimeAsync(2 * limits.bankSnapshotRenewMs);
    expect(written).toEqual([6]);
    await keeper.close();
  });

  it('are written at the end when that is worth it, once', async () => {
    const { state, written, keeper } = rig();
    keeper.start();
    state.position = enough;
    await keeper.close();
    expect(written).toEqual([enough]);
    const other = rig();
    other.keeper.start();
    other.state.position = 3;
    await other.keeper.close();
    expect(other.written).toEqual([]);
  });

  it('that fail are told of and tried again', async () => {
    const failing = vi.fn().mockRejectedValue(new Error('the disk is full'));
    const { state, failures, keeper } = rig({ write: failing });
    state.position = enough;
    keeper.start();
    await vi.advanceTimersByTimeAsync(2 * everyMs);
    expect(failures).toHaveLength(3);
    await keeper.close();
  });

  it('do not keep a stop waiting for ever', async () => {
    const { state, keeper } = rig({ write: () => new Promise(() => {}) });
    state.position = enough;
    keeper.start();
    let closed = false;
    const closing = keeper.close().then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(limits.bankSnapshotStopMs - 1);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(closed).toBe(true);
  });
});
