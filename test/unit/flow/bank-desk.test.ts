import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import type { BankAddition } from '../../../src/contracts/bank.ts';
import { FloodgateError } from '../../../src/errors.ts';
import { BankDesk } from '../../../src/flow/bank-desk.ts';
import { hexOfHash } from '../../../src/kernel/hash-text.ts';
import { hashNumber } from '../../support/hashes.ts';
import { fakeFetcher, pipelineRig, playFrames, sha256Of, videoFrames } from '../../support/pipeline-rig.ts';

const uri = 'https://a.example/known.mp4';
const frames = [{ timeMs: 0, quality: 90, hash: hexOfHash(hashNumber(7)) }];
const never = new AbortController().signal;

async function deskOver(fetcher = fakeFetcher(), fingerprint = playFrames(videoFrames(4))) {
  const rig = await pipelineRig({ fetcher, fingerprint });
  const { fingerprinter, policy } = rig.parts;
  return { ...rig, desk: new BankDesk({ bank: rig.bank, fetcher, fingerprinter, policy }) };
}

describe('BankDesk', () => {
  it('makes an address searchable: fetched, sampled densely, and its bytes let go', async () => {
    const { desk, bank, jobs, fetcher } = await deskOver();
    const facts = { contentId: 'incident-42/1', bank: 'news', labels: ['incident-42'] };
    const added = await desk.add({ uri, ...facts }, undefined, never);
    expect(added).toMatchObject({ ...facts, framesIndexed: 4, sha256: sha256Of(uri) });
    expect(jobs).toMatchObject([{ mode: { kind: 'dense' }, timeoutMs: limits.enrolTimeoutMs }]);
    expect(fetcher.released).toEqual([uri]);
    expect(bank.findBySha256(sha256Of(uri))).toHaveLength(1);
  });

  it('takes a file that was sent, and hashes', async () => {
    const { desk, fetcher } = await deskOver();
    await desk.add({}, { uri: 'file:///spool/sent' }, never);
    const byHashes = await desk.add({ frames, contentId: 'hashes' }, undefined, never);
    expect(fetcher.fetched).toEqual([{ uri: 'file:///spool/sent' }]);
    expect(byHashes).toMatchObject({ kind: 'image', framesIndexed: 1 });
    expect(desk.list({}, { limit: 10 }).items.map(({ contentId }) => contentId)).toContain('hashes');
    expect(desk.get('hashes')).toEqual(byHashes);
    expect([await desk.remove('hashes'), await desk.remove('hashes')]).toEqual([true, false]);
  });

  const ambiguous: [string, BankAddition, { uri: string } | undefined][] = [
    ['nothing', {}, undefined],
    ['an address and hashes', { uri, frames }, undefined],
    ['an address and a file', { uri }, { uri: 'file:///spool/sent' }],
  ];
  it.each(ambiguous)('refuses %s', async (_what, addition, file) => {
    const { desk, fetcher } = await deskOver();
    await expect(desk.add(addition, file, never)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(fetcher.fetched).toEqual([]);
  });

  it('refuses bytes that are not the announced ones, and lets go of them', async () => {
    const { desk, bank, jobs, fetcher } = await deskOver();
    const announced = { uri, sha256: sha256Of('something else') };
    await expect(desk.add(announced, undefined, never)).rejects.toMatchObject({ code: 'digest_mismatch' });
    expect([bank.size, jobs.length, fetcher.released]).toEqual([0, 0, [uri]]);
  });

  it('lets go of bytes that cannot be decoded', async () => {
    const { desk, bank, fetcher } = await deskOver(fakeFetcher(), async () => {
      throw new FloodgateError('undecodable', 'broken');
    });
    await expect(desk.add({ uri }, undefined, never)).rejects.toMatchObject({ code: 'undecodable' });
    expect([bank.size, fetcher.released]).toEqual([0, [uri]]);
  });
});
