/** Telemetry that does nothing, for tests that look at something else. Give what a test wants to see. */
import type { Telemetry } from '../../src/telemetry.ts';

const ignore = (): void => undefined;

export function silentTelemetry(heard: Partial<Telemetry> = {}): Telemetry {
  return {
    serviceStarting: ignore,
    serviceReady: ignore,
    serviceStopping: ignore,
    serviceStopped: ignore,
    componentReadiness: ignore,
    warned: ignore,
    failed: ignore,
    uploadsConsumed: ignore,
    duplicateSkipped: ignore,
    exactCopyFound: ignore,
    stageFinished: ignore,
    stageFailed: ignore,
    retried: ignore,
    inflight: ignore,
    contentFetched: ignore,
    frameJudged: ignore,
    decided: ignore,
    deadLettered: ignore,
    settled: ignore,
    lagMeasured: ignore,
    childPool: ignore,
    childRestarted: ignore,
    bankApplied: ignore,
    bankRejected: ignore,
    bankSized: ignore,
    indexMerged: ignore,
    searchFinished: ignore,
    requestsInFlight: ignore,
    requestFinished: ignore,
    streamClients: ignore,
    streamEventDropped: ignore,
    ...heard,
  };
}
