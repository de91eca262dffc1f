import { describe, expect, it } from 'vitest';
import { createTerminal } from '../../../src/cli/terminal.ts';
import { DemoScreen } from '../../../src/demo/demo-screen.ts';
import { type DemoResult, knownWorks, type Work } from '../../../src/demo/programme.ts';
import { decisionOf, matchOf } from '../../support/decisions.ts';

interface ScreenOptions {
  readonly json?: boolean;
  readonly tty?: boolean;
  readonly columns?: number;
}

function screenFor({ json = false, tty = false, columns = 80 }: ScreenOptions = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = createTerminal({
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    outIsTty: tty,
    errIsTty: tty,
    columns,
    noColour: !tty,
    forceColour: false,
  });
  const context = { terminal, environment: { COLORTERM: 'truecolor' }, signal: new AbortController().signal };
  return { screen: new DemoScreen(context, json), text: () => out.join(''), notes: () => err.join('') };
}

const [known] = knownWorks(true) as [Work, ...Work[]];

function resultOf(
  copyOf: Work | null,
  outcome: 'block' | 'review' | 'allow',
  changes: { contentId?: string; decisionMs?: number } = {},
): DemoResult {
  const { contentId = known.id, decisionMs = 87 } = changes;
  const matches = outcome === 'allow' ? [] : [matchOf({ contentId })];
  return { upload: { uploadId: 'u', path: 'u.mp4', copyOf }, decision: decisionOf(outcome, { matches, decisionMs }) };
}

const right = [
  resultOf(known, 'block', { decisionMs: 30 }),
  resultOf(null, 'allow', { decisionMs: 90 }),
  resultOf(null, 'review'),
];

describe('the summary', () => {
  it('passes when every copy is blocked as what it is and nothing else is', () => {
    const { screen, text } = screenFor();
    expect(screen.summary(right, 12.34)).toBe(true);
    expect(text()).toMatch(/✔ +1 of 1 +edited copies blocked/);
    expect(text()).toMatch(/2 of 2 +unrelated uploads let through/);
    expect(text()).toMatch(/87 ms +median decision, 90 ms the slowest/);
    expect(text()).toMatch(/12\.3 s +in all/);
  });

  it.each<[string, DemoResult[]]>([
    ['a copy gets through', [...right, resultOf(known, 'allow')]],
    ['a copy is only held for review', [...right, resultOf(known, 'review')]],
    ['a copy is blocked as something else', [...right, resultOf(known, 'block', { contentId: 'another' })]],
    ['something unrelated is blocked', [...right, resultOf(null, 'block')]],
    ['nothing was decided', []],
  ])('fails when %s', (_what, results) => {
    const { screen, text } = screenFor();
    expect(screen.summary(results, 1)).toBe(false);
    expect(text()).toContain('✗');
    expect(text()).not.toContain('✔');
  });

  it('is one line of JSON when asked for, and the only one', () => {
    const { screen, text } = screenFor({ json: true });
    screen.title(false);
    screen.step('Banking known content', 1).end();
    screen.serviceStarted('http://127.0.0.1:1');
    screen.showKnown([known]);
    screen.showResult(resultOf(known, 'block'), screen.step('Uploads arrive', 1));
    expect(screen.summary([...right, resultOf(null, 'block')], 12.34)).toBe(false);
    expect(text().trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(text())).toEqual({
      copies: 1,
      blocked: 1,
      unrelated: 3,
      falseBlocks: 1,
      medianDecisionMs: 87,
      slowestDecisionMs: 90,
      seconds: 12.3,
      passed: false,
    });
  });
});

describe('the screen', () => {
  it('numbers its steps, and says when there is no video', () => {
    const { screen, text } = screenFor();
    screen.title(false);
    screen.step('Drawing', 3).end();
    screen.step('Banking', 3).end();
    expect(text()).toContain('not installed here: the demo runs on images only');
    expect(text()).toMatch(/1 {2}Drawing\n[\s\S]*2 {2}Banking\n/);
    const withVideo = screenFor();
    withVideo.screen.title(true);
    expect(withVideo.text()).not.toContain('images only');
  });

  it('shows each decision with its evidence, and marks the wrong ones', () => {
    const { screen, notes } = screenFor();
    const progress = screen.step('Uploads arrive', 2);
    screen.showResult(resultOf(known, 'block'), progress);
    expect(notes()).toContain('BLOCK');
    expect(notes()).toContain(known.id);
    expect(notes()).not.toContain('✗ wrong');
    screen.showResult(resultOf(known, 'allow'), progress);
    expect(notes()).toContain('✗ wrong');
  });

  it('draws what is known where colours are seen, in rows that fit, and names it anywhere', () => {
    const works = knownWorks(true).slice(0, 3);
    const seen = screenFor({ tty: true, columns: 60 });
    seen.screen.showKnown(works);
    expect(seen.text()).toContain('\x1b[38;2;');
    const plain = screenFor({ columns: 60 });
    plain.screen.showKnown(works);
    expect(plain.text()).not.toContain('\x1b[');
    expect(plain.text().trimEnd().split('\n')).toHaveLength(2);
    for (const { title } of works)
      expect([seen.text().includes(title), plain.text().includes(title)]).toEqual([true, true]);
  });

  it('says where it goes on serving', () => {
    const { screen, text } = screenFor();
    screen.keeping('http://127.0.0.1:8080');
    expect(text()).toContain("curl -F file=@some.mp4 'http://127.0.0.1:8080/v1/uploads?wait=10'");
  });
});
