import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/config/paths.ts';
import { dihedralNames } from '../../../src/contracts/common.ts';
import { degradations, reasons } from '../../../src/contracts/decision.ts';

interface LiveWords {
  readonly reasonWords: Readonly<Record<string, string>>;
  readonly degradationWords: Readonly<Record<string, string>>;
  readonly viewWords: Readonly<Record<string, string>>;
  formatRegion(region: Readonly<Record<string, number>>): string;
}

const file = pathToFileURL(join(packageFile('src'), 'http/live/format.js')).href;
const words = (await import(file)) as LiveWords;

describe('words of the live page', () => {
  it('has one for everything that a decision can say', () => {
    expect(Object.keys(words.reasonWords).toSorted()).toEqual([...reasons].toSorted());
    expect(Object.keys(words.degradationWords).toSorted()).toEqual([...degradations].toSorted());
    expect(Object.keys(words.viewWords).toSorted()).toEqual([...dihedralNames].toSorted());
  });

  it('says where in a picture something is', () => {
    expect(words.formatRegion({ left: 0, top: 0, width: 1, height: 1, degrees: 0 })).toBe('all');
    const turned = { left: 0.05, top: 0.1, width: 0.9, height: 0.805, degrees: -5 };
    expect(words.formatRegion(turned)).toBe('90 % × 81 % at 5 %, 10 %, turned by -5°');
  });
});
