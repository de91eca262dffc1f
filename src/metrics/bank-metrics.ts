/** Metrics of the banks, the search index and its freshness. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const searchBuckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1];
const mergeBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Edge at 1 s: a new hash must block everywhere within a second. */
const liveBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export type BankMetrics = ReturnType<typeof createBankMetrics>;

export function createBankMetrics(registry: Registry) {
  return {
    ...createIndexSize(registry),
    ...createIndexUpdates(registry),
    ...createSearches(registry),
    ...createSnapshots(registry),
  };
}

function createIndexSize(registry: Registry) {
  const registers = [registry];
  return {
    entries: new Gauge({ name: 'floodgate_index_entries', help: 'Hashes that can be searched.', registers }),
    freshEntries: new Gauge({
      name: 'floodgate_index_fresh_entries',
      help: 'Of these, hashes that no segment finds yet, and that every search scans.',
      registers,
    }),
    segments: new Gauge({ name: 'floodgate_index_segments', help: 'Segments that are searched.', registers }),
    contents: new Gauge({ name: 'floodgate_index_contents', help: 'Known contents in the index.', registers }),
    bytes: new Gauge({ name: 'floodgate_index_bytes', help: 'Memory that the index takes.', registers }),
    version: new Gauge({
      name: 'floodgate_index_version',
      help: 'Bank position the index stands at; compare it over instances.',
      registers,
    }),
  };
}

function createIndexUpdates(registry: Registry) {
  const registers = [registry];
  return {
    updated: new Gauge({
      name: 'floodgate_index_updated_timestamp_seconds',
      help: 'When the index last took a change.',
      registers,
    }),
    mergeSeconds: new Histogram({
      name: 'floodgate_index_merge_duration_seconds',
      help: 'Time to build a segment, beside the searches.',
      buckets: mergeBuckets,
      registers,
    }),
    updates: new Counter({
      name: 'floodgate_index_updates_total',
      help: 'Bank records read, by kind (unknown: could not be read) and result.',
      labelNames: ['kind', 'result'] as const,
      registers,
    }),
    behindRecords: new Gauge({
      name: 'floodgate_bank_apply_lag_records',
      help: 'Bank records in the log that this instance has not applied yet.',
      registers,
    }),
    behindSeconds: new Gauge({
      name: 'floodgate_bank_apply_lag_seconds',
      help: 'Age of the oldest bank record that this instance has not applied yet; 0 when there is none.',
      registers,
    }),
    liveSeconds: new Histogram({
      name: 'floodgate_bank_update_to_live_seconds',
      help: 'Time from the append of a bank change until it is searchable here.',
      buckets: liveBuckets,
      registers,
    }),
  };
}

function createSearches(registry: Registry) {
  const registers = [registry];
  return {
    searchSeconds: new Histogram({
      name: 'floodgate_index_search_duration_seconds',
      help: 'Time of one call of the index, for one or more hashes.',
      buckets: searchBuckets,
      registers,
    }),
    queries: new Counter({
      name: 'floodgate_index_queries_total',
      help: 'Hashes looked up in the index.',
      registers,
    }),
  };
}

function createSnapshots(registry: Registry) {
  const registers = [registry];
  return {
    snapshotPosition: new Gauge({
      name: 'floodgate_bank_snapshot_version',
      help: 'Bank position of the newest snapshot on disk that is known to be whole.',
      registers,
    }),
    snapshotWritten: new Gauge({
      name: 'floodgate_bank_snapshot_written_timestamp_seconds',
      help: 'When this process last wrote a snapshot of the bank; 0 when it has not.',
      registers,
    }),
  };
}
