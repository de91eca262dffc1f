/**
 * Goal: the live page in a real browser shows decisions and their evidence, without an error or a violation of its
 * content security policy. FLOODGATE_TEST_SHOTS=<folder> keeps pictures of it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HttpConfig } from '../../src/http/parts.ts';
import type { HttpServer } from '../../src/http/server.ts';
import { decisionOf, matchOf } from '../support/decisions.ts';
import { contentOf, type FakeParts, fakeParts, startFakeServer } from '../support/http-fakes.ts';
import { liveDecision } from '../support/live-decisions.ts';
import { outsideTool } from '../support/outside-tool.ts';

const executablePath = process.env.FLOODGATE_CHROMIUM ?? '/usr/bin/chromium';
const suite = 'the live page';
const remedy = 'apt-get install chromium, or set FLOODGATE_CHROMIUM';
const { isExpected, note } = outsideTool(suite, 'chromium', existsSync(executablePath), remedy);
const shots = process.env.FLOODGATE_TEST_SHOTS;

describe.runIf(isExpected)(suite + note, () => {
  let browser: Browser;
  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  interface Opened {
    readonly page: Page;
    readonly parts: FakeParts;
    readonly server: HttpServer;
    /** What the browser complained about. */
    readonly complaints: string[];
  }

  async function open(
    options: BrowserContextOptions = {},
    config: Partial<HttpConfig> = {},
    decisions = 0,
  ): Promise<Opened> {
    const parts = fakeParts();
    parts.seen.contents.set('incident-42/video-1', contentOf({ durationSeconds: 48 }));
    for (let index = 0; index < decisions; index += 1) parts.decisions.add(liveDecision(decisions - 1 - index));
    const server = await startFakeServer(parts, config);
    const { address } = await server.listen();
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    closers.push(
      () => server.close(),
      () => context.close(),
    );
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    await page.goto(address);
    return { page, parts, server, complaints };
  }

  async function keepShot(page: Page, name: string, height = 900): Promise<void> {
    if (shots === undefined) return;
    const clip = { x: 0, y: 0, width: page.viewportSize()?.width ?? 1280, height };
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true, clip });
  }

  it('tells how to begin while there is nothing to show', async () => {
    const { page, complaints } = await open();
    await page.getByRole('heading', { name: 'No decisions yet' }).waitFor();
    expect(await page.locator('#example').textContent()).toContain('curl -F file=@copy.mp4 "http://127.0.0.1:');
    await keepShot(page, 'empty');
    expect(complaints).toEqual([]);
  });

  it('shows a decision with its evidence as it comes', async () => {
    const { page, parts, complaints } = await open();
    await page.getByText('Ready', { exact: true }).waitFor();
    const label = '<img src=x onerror=alert(1)>';
    parts.decisions.add(
      decisionOf('block', { uploadId: 'upload-<b>1', matches: [matchOf({ view: 'flipY', labels: [label] })] }),
    );
    const card = page.locator('.card', { hasText: 'upload-<b>1' });
    await card.waitFor();
    expect(await card.locator('.badge').textContent()).toBe('Blocked');
    const text = (await card.textContent()) ?? '';
    expect(text).toContain('4.0 – 25.5 s of the upload is 10.0 – 31.5 s of incident-42/video-1');
    expect(text).toContain('12 of radius 64');
    expect(text).toContain('mirrored left to right');
    expect(text).toContain(label);
    const evidence = card.getByRole('img', { name: /of the upload is/ });
    expect(await evidence.locator('.part').count()).toBe(2);
    // Both bars have one scale: equal seconds are equally wide.
    await evidence.getByText('48.0 s').waitFor();
    const [upload, known] = await evidence
      .locator('.part')
      .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().width));
    expect(upload).toBeCloseTo(known ?? 0, 0);
    await expect.poll(() => page.locator('#count-block').textContent()).toBe('1');
    expect(complaints).toEqual([]);
  });

  it('filters and pauses', async () => {
    const { page, parts, complaints } = await open({}, {}, 20);
    await expect.poll(() => page.locator('.card').count()).toBe(20);
    await page.getByRole('button', { name: 'Review' }).click();
    await expect.poll(() => page.locator('.card:not([data-outcome=review])').count()).toBe(0);
    expect(await page.locator('.card').count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await expect.poll(() => page.locator('.card').count()).toBe(20);
    await page.getByRole('button', { name: 'Pause' }).click();
    parts.decisions.add(decisionOf('allow', { uploadId: 'while-paused' }));
    await page.getByRole('button', { name: 'Resume, 1 new' }).click();
    await page.getByText('while-paused').waitFor();
    expect(complaints).toEqual([]);
  });

  it('asks for a token, keeps it for the tab, and streams with it', async () => {
    const token = 'a-token-of-some-length';
    const { page, parts, complaints } = await open({}, { tokens: [token] });
    await page.getByLabel('Bearer token').fill('a wrong one');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Bearer token').fill(token);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Ready', { exact: true }).waitFor();
    parts.decisions.add(decisionOf('block', { uploadId: 'with-token' }));
    await page.getByText('with-token').waitFor();
    await page.reload();
    await page.getByText('with-token').waitFor();
    // The browser itself notes each 401; nothing else may be there.
    expect(complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
  });

  it('comes back after the service was away, and misses nothing', async () => {
    const { page, parts, server } = await open();
    await page.getByText('Ready', { exact: true }).waitFor();
    const { port } = new URL(page.url());
    await server.close();
    await page.locator('#state[data-state=away]').waitFor();
    parts.decisions.add(decisionOf('block', { uploadId: 'meanwhile' }));
    const again = await startFakeServer(parts, { port: Number(port) });
    closers.push(() => again.close());
    await again.listen();
    await page.getByText('meanwhile').waitFor();
    await page.getByText('Ready', { exact: true }).waitFor();
  });

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
  ] as const)('fits its window: %s', async (name, options) => {
    const { page, parts, complaints } = await open({ ...options, reducedMotion: 'reduce' }, {}, 12);
    await page.locator('.card').first().waitFor();
    const brought = shots === undefined ? 30 : 400;
    for (let index = 0; index < brought; index += 1) {
      parts.decisions.add(liveDecision(12 + brought - index));
      if (index % 20 === 19) await page.waitForTimeout(shots === undefined ? 100 : 1_000);
    }
    for (let index = 7; index >= 0; index -= 1) parts.decisions.add(liveDecision(index));
    await page.waitForTimeout(1_200);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await keepShot(page, `live-${name}`, 2_000);
    expect(complaints).toEqual([]);
  });

  it('shows the documentation of the API without another machine, and every error code', async () => {
    const { page, complaints } = await open();
    await page.goto(new URL('/docs', page.url()).href);
    await page.getByText('Submit an upload for a decision').waitFor();
    await keepShot(page, 'docs');
    await page.goto(new URL('/docs/problems/overloaded', page.url()).href);
    await page.getByRole('heading', { name: 'The backlog is full' }).waitFor();
    await keepShot(page, 'problem');
    expect(complaints).toEqual([]);
  });
});
