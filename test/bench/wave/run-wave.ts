/**
 * The bench "wave": the day on which one video was uploaded again and again.
 *
 * Question: how many uploads a second go through the whole pipeline on two cores, how soon is each decided, how many of
 * the copies are blocked, and what becomes of ten times as many?
 *
 * Method: the service as a process of its own, with its embedded log and a bank of a million other hashes. Uploads come at
 * a given rate whatever became of those before; the service fetches each over HTTP from the bench. Half are edited copies
 * of one incident, each with bytes of its own, 15 % its very bytes, the rest other clips. The time counts from when an
 * upload was due until the stream of decisions has brought its decision. The bench makes the load and serves the media on
 * the same cores; what that takes is told beside the figures, and what other work on the machine took.
 */
import { loadavg } from 'node:os';
import { readConditions } from '../conditions.ts';
import { openTerminal } from '../terminal.ts';
import { Load } from './load.ts';
import { type MediaServer, serveMedia } from './media-server.ts';
import { readOptions, type WaveOptions } from './options.ts';
import { printFigures, summaryOf, type WaveFigures } from './report.ts';
import { drawUploads } from './schedule.ts';
import { incidentId, type ServedWave, serveWave } from './served-wave.ts';
import { measureOverload, measureSteady, measureSustained, type WaveRig, warmUp } from './stages.ts';
import { watchService } from './watch.ts';
import { prepareMedia, type WaveMedia } from './wave-media.ts';

export async function runWave(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const terminal = openTerminal();
  const conditions = {
    ...readConditions(options.seed),
    loadAtStart: loadavg().map((load) => Math.round(load * 10) / 10),
  };
  const media = await prepareMedia(options, terminal);
  const server = await serveMedia(media);
  const wave = await serveWave(options, media.incident.path, terminal);
  const load = openLoad(wave, server, media, options);
  const watch = watchService(wave.pid);
  try {
    await load.start();
    const figures = await runStages({ options, terminal, load, watch, url: wave.served.url });
    printFigures(figures, terminal);
    const { settings, bankHashes } = wave;
    const { refused, decidedTwice, streamResumed } = load;
    const counts = { copies: media.edited.length, unrelated: media.unrelated.length, bankHashes };
    const kept = { refused, decidedTwice, streamResumed, sentMb: Math.round(server.sentBytes / 1e6) };
    const setUp = { media: media.source, incident: media.incident.about, arrivals: options.arrivals, settings };
    const summary = { ...summaryOf(figures), ...counts, ...kept, ...setUp, seed: options.seed, conditions };
    terminal.print(options.json ? JSON.stringify(summary) : JSON.stringify(summary, null, 2));
  } finally {
    watch.stop();
    load.close();
    await wave.close();
    await server.close();
  }
}

function openLoad(wave: ServedWave, server: MediaServer, media: WaveMedia, { seed }: WaveOptions): Load {
  const counts = { edited: media.edited.length, unrelated: media.unrelated.length };
  const load = new Load({ url: wave.served.url, server, media, incidentId, draw: drawUploads(counts, seed) });
  wave.served.process.once('exit', (code, signal) => {
    load.fail(new Error(`the service ended with ${signal ?? code}: ${wave.served.stderr()}`));
  });
  return load;
}

async function runStages(rig: WaveRig): Promise<WaveFigures> {
  const { stages } = rig.options;
  await warmUp(rig);
  const steady = stages.includes('steady') ? await measureSteady(rig) : null;
  const sustained = stages.includes('sustained') ? await measureSustained(rig) : null;
  const overload = stages.includes('overload') ? await measureOverload(rig) : null;
  return { steady, sustained, overload, peakRssMb: rig.watch.peakRssMb };
}
