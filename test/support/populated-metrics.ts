/** A registry in which every metric has been observed at least once, through the telemetry that the service uses. */
import { createLogger } from '../../src/metrics/logger.ts';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import { components, createTelemetry, stages } from '../../src/telemetry.ts';
import { decisionOf, streamDecisionOf } from './decisions.ts';

export function emptyMetrics(): Metrics {
  return createMetrics({
    version: '0.0.0',
    revision: 'test',
    kernelVersion: 'test',
    nodeVersion: 'v20.20.2',
    memoryLimitBytes: 2 ** 30,
  });
}

export function populatedMetrics(): Metrics {
  const metrics = emptyMetrics();
  const told = createTelemetry({ metrics, log: createLogger({ level: 'silent' }) });
  for (const component of components) told.componentReadiness(component, true, null);
  for (const stage of stages) {
    told.stageFinished(stage, 0.01, 'video');
    told.stageFailed(stage, 'timed_out');
    told.retried(stage);
  }
  told.uploadsConsumed(3);
  told.duplicateSkipped('idempotency');
  told.exactCopyFound();
  told.inflight(2);
  told.contentFetched('video', 1_000);
  told.frameJudged('video', 40, false);
  told.decided(decisionOf('block'), 0.2);
  told.effortChanged(1);
  told.decided(decisionOf('review', { degraded: ['second_look_shed'] }), 0.2);
  told.streamDecided(streamDecisionOf('block'));
  told.streamsLive(2);
  told.streamEvicted();
  told.streamsRebuilt(2, 9);
  told.deadLettered('invalid_json', 'no JSON');
  told.deadLetterReplayed();
  told.settled(3, 0.01);
  told.lagMeasured(4, 0.5);
  told.partitionsAssigned(4);
  told.partitionFenced();
  told.transactionEnded('committed', 0.02);
  told.transactionEnded('aborted', 0.5);
  told.partitionsPaused(1);
  told.brokerRequestTimedOut();
  told.partitionLag(0, 4, 0.5);
  told.partitionProgress(0);
  told.childPool(2, 1, 0);
  told.childRestarted('crash', 'signal SIGSEGV');
  told.bankApplied('add', 0.1);
  told.bankRejected('part 2 of 3 is missing');
  told.bankBehind(2, 0.3);
  told.bankSnapshotWritten({ position: 7, contents: 2, hashes: 100, seconds: 0.2 });
  told.bankSized({ hashes: 100, freshHashes: 20, contents: 2, bytes: 3_200, position: 7 });
  told.indexMerged({ hashes: 80, seconds: 0.1, segments: 1, freshHashes: 20, bytes: 3_200 });
  told.searchFinished(0.0001, 8);
  told.requestsInFlight(1);
  told.requestFinished('GET', '/v1/decisions', 200, 0.003);
  told.streamClients(1);
  told.streamEventDropped();
  return metrics;
}
