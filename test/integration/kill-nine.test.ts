/**
 * Goal: whatever the moment of a kill -9, each upload ends with exactly one decision or one dead letter.
 * Method: the real service, as a process, over a log seeded with uploads; it is killed at random moments and started
 * again until nothing is left. FLOODGATE_TEST_FULL=1 works the full 2,000 uploads; otherwise a shorter run.
 */
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { runKills } from '../support/kill-run.ts';

const full = process.env.FLOODGATE_TEST_FULL === '1';

async function noiseImage(seed: number): Promise<string> {
  const pixels = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * at * (seed + 3) + at * 7) & 0xff));
  return (
    await sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer()
  ).toString('base64');
}

it(
  `decides every upload once while it is killed at random moments (${full ? 'full size' : 'short run'})`,
  async () => {
    const report = await runKills({
      uploads: full ? 2_000 : 200,
      seed: 20_261_122,
      livesMs: full ? { min: 40, max: 300 } : { min: 40, max: 250 },
      inlineImages: await Promise.all([1, 2, 3].map(noiseImage)),
    });
    process.stderr.write(`kill-nine: ${JSON.stringify(report)}\n`);
    expect(report).toMatchObject({ lost: 0, duplicates: 0, outOfOrder: 0, wrongOutcomes: 0 });
    expect(report.decisions).toBe(report.valid);
    expect(report.deadLetters).toBe(report.invalid);
    expect(report.kills).toBeGreaterThan(2);
  },
  full ? 900_000 : 240_000,
);
