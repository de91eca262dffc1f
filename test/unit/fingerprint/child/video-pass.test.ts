import { describe, expect, it } from 'vitest';
import type { FrameSink } from '../../../../src/fingerprint/child/frame-sink.ts';
import type { FrameSource, Picture } from '../../../../src/fingerprint/child/frame-source.ts';
import { VideoPass } from '../../../../src/fingerprint/child/video-pass.ts';

function begin() {
  let looks = 0;
  const sink: FrameSink = {
    stopped: false,
    emit() {},
    emitRegions() {},
    async lookCloser() {
      looks += 1;
    },
    async breathe() {},
    async settle() {},
  };
  const source = {
    durationMs: 60_000,
    aspect: 1,
    hash: () => ({ hashes: new Uint8Array(256), quality: 0 }),
  } as unknown as FrameSource;
  const pass = new VideoPass(source, sink, 1_000);
  let timeMs = 0;
  const take = (count: number) => {
    for (let frame = 0; frame < count; frame++) pass.take({ timeMs: timeMs++ } as Picture);
  };
  return { pass, take, looks: () => looks };
}

describe('when parts of frames are looked at on the way', () => {
  it('is after eight frames, then after eight more, then after half as many more', async () => {
    const { pass, take, looks } = begin();
    const lookedAfter: number[] = [];
    for (let frames = 1; frames <= 60; frames++) {
      take(1);
      const before = looks();
      await pass.lookWhenDue();
      if (looks() > before) lookedAfter.push(frames);
    }
    expect(lookedAfter).toEqual([8, 16, 24, 36, 54]);
  });

  it('is also before a long way, when there is something new, four times at most', async () => {
    const { pass, take, looks } = begin();
    await pass.lookBefore(5_000);
    expect(looks()).toBe(0);
    take(3);
    await pass.lookBefore(900);
    expect(looks()).toBe(0);
    await pass.lookBefore(1_000);
    await pass.lookBefore(1_000);
    expect(looks()).toBe(1);
    for (let way = 0; way < 6; way++) {
      take(1);
      await pass.lookBefore(1_000);
    }
    expect(looks()).toBe(4);
  });

  it('is not again at once after that', async () => {
    const { pass, take, looks } = begin();
    take(7);
    await pass.lookBefore(1_000);
    take(7);
    await pass.lookWhenDue();
    expect(looks()).toBe(1);
    take(1);
    await pass.lookWhenDue();
    expect(looks()).toBe(2);
  });
});
