/**
 * `floodgate demo`: the main job, on media that this package draws itself. Known films and stills are banked, edited
 * copies and unrelated works are submitted over HTTP, and every decision is shown with its evidence.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApiClient } from '../cli/client.ts';
import type { CommandContext } from '../cli/context.ts';
import { readConfig } from '../config/config.ts';
import { FloodgateError } from '../errors.ts';
import { type Service, startService } from '../service.ts';
import { DemoScreen } from './demo-screen.ts';
import { createMediaMaker, type MediaMaker } from './media-maker.ts';
import {
  type CopyPlan,
  type DemoResult,
  type DemoUpload,
  filmSize,
  knownWorks,
  planCopies,
  stillSize,
  unrelatedWorks,
  type Work,
} from './programme.ts';
import { createRandom } from './random.ts';

export interface DemoOptions {
  readonly keep?: boolean;
  readonly json?: boolean;
}

const waitSeconds = 30;

/** True when every copy was blocked as what it is a copy of, and nothing else was. */
export async function runDemo(options: DemoOptions, context: CommandContext): Promise<boolean> {
  const startedMs = performance.now();
  const screen = new DemoScreen(context, options.json === true);
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-demo-'));
  const maker = createMediaMaker({ processes: availableParallelism() });
  let service: Service | undefined;
  try {
    const withFilms = await maker.videoAvailable();
    screen.title(withFilms);
    const known = knownWorks(withFilms);
    const unrelated = unrelatedWorks(withFilms);
    await makeWorks([...known, ...unrelated], folder, maker, screen);
    const plans = planCopies(known);
    context.signal.throwIfAborted();
    await makeCopies(plans, folder, maker, screen);
    await maker.close();
    context.signal.throwIfAborted();

    service = await startOnFreshLog(folder, context);
    const client = new ApiClient({ url: service.address, token: undefined, signal: context.signal });
    screen.serviceStarted(service.address);
    await bankWorks(known, folder, client, screen);
    const results = await submitAll(planUploads(plans, unrelated, folder), client, screen);
    const passed = screen.summary(results, (performance.now() - startedMs) / 1000);
    if (options.keep === true && !context.signal.aborted) await keepServing(service, context, screen);
    return passed;
  } finally {
    await maker.close();
    await service?.stop('the demo is over', 2_000);
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeWorks(works: readonly Work[], folder: string, maker: MediaMaker, screen: DemoScreen): Promise<void> {
  const progress = screen.step('Drawing films and stills with our own code', works.length);
  await Promise.all(
    works.map(async (work) => {
      const output = join(folder, work.fileName);
      if (work.kind === 'film') {
        await maker.renderFilm({ filmId: work.id, output, ...filmSize, encode: { codec: 'h264', crf: 23 } });
      } else {
        await maker.renderStill({ stillId: work.id, output, ...stillSize, format: 'jpeg' });
      }
      progress.advance(work.title);
    }),
  );
  progress.end();
}

async function makeCopies(
  plans: readonly CopyPlan[],
  folder: string,
  maker: MediaMaker,
  screen: DemoScreen,
): Promise<void> {
  const progress = screen.step('Making copies: re-encoded, scaled, trimmed, mirrored', plans.length);
  await Promise.all(
    plans.map(async (plan) => {
      const paths = { input: join(folder, plan.of.fileName), output: join(folder, plan.fileName) };
      if (plan.kind === 'film') await maker.transcode({ ...paths, edits: plan.edits });
      else await maker.editImage({ ...paths, edits: plan.edits });
      progress.advance(plan.fileName);
    }),
  );
  progress.end();
}

/** Loopback only, no token, everything in the demo's own folder, whatever the environment says. */
function startOnFreshLog(folder: string, { environment }: CommandContext): Promise<Service> {
  const { config, secrets } = readConfig({
    FLOODGATE_DATA: join(folder, 'data'),
    FLOODGATE_FILE_ROOTS: folder,
    FLOODGATE_LOG_LEVEL: environment.FLOODGATE_LOG_LEVEL ?? 'error',
    FLOODGATE_PORT: environment.FLOODGATE_PORT ?? '0',
  });
  return startService(config, secrets);
}

async function bankWorks(works: readonly Work[], folder: string, client: ApiClient, screen: DemoScreen): Promise<void> {
  const progress = screen.step('Banking known content', works.length);
  for (const work of works) {
    const uri = pathToFileURL(join(folder, work.fileName)).href;
    await client.addToBank({ contentId: work.id, uri, labels: ['demo'] });
    progress.advance(work.title);
  }
  progress.end();
  screen.showKnown(works);
}

/** Copies and unrelated works in an order that mixes them, the same in every run. */
function planUploads(plans: readonly CopyPlan[], unrelated: readonly Work[], folder: string): DemoUpload[] {
  const copies = plans.map((plan) => ({
    uploadId: `${plan.of.id}/${plan.edit.replaceAll(' ', '-')}`,
    path: join(folder, plan.fileName),
    copyOf: plan.of,
  }));
  const others = unrelated.map((work) => ({
    uploadId: `${work.id}/original`,
    path: join(folder, work.fileName),
    copyOf: null,
  }));
  const random = createRandom(7);
  return [...copies, ...others]
    .map((upload) => ({ upload, order: random.between(0, 1) }))
    .sort((a, b) => a.order - b.order)
    .map(({ upload }) => upload);
}

async function submitAll(uploads: readonly DemoUpload[], client: ApiClient, screen: DemoScreen): Promise<DemoResult[]> {
  const progress = screen.step('Uploads arrive', uploads.length);
  const results: DemoResult[] = [];
  const queue = [...uploads];
  const lane = async () => {
    for (let upload = queue.shift(); upload !== undefined; upload = queue.shift()) {
      const event = { uploadId: upload.uploadId, content: { uri: pathToFileURL(upload.path).href } };
      const decision = await client.submitEvent(event, waitSeconds);
      if (decision === undefined) throw new FloodgateError('timed_out', `${upload.uploadId} was not decided`);
      const result = { upload, decision };
      results.push(result);
      progress.advance(upload.uploadId);
      screen.showResult(result, progress);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  progress.end();
  return results;
}

async function keepServing(service: Service, context: CommandContext, screen: DemoScreen): Promise<void> {
  screen.keeping(service.address);
  await Promise.race([
    new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true })),
    service.failed,
  ]);
}
