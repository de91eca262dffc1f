/** What the banks hold, how fresh it is on each instance, and what a search costs. */
import type { DashboardPlan, Row } from './dashboards.ts';
import type { Query } from './panels.ts';
import { bucketIncreases, quantile, rate, selector, sumRate } from './queries.ts';

const search = 'floodgate_index_search_duration_seconds';

const contents: Row = {
  title: 'What the banks hold',
  panels: [
    {
      kind: 'stat',
      title: 'Known contents',
      description: 'Contents that can be found, on the instance that has most.',
      unit: 'short',
      queries: [{ expr: `max(${selector('floodgate_index_contents')})`, legend: 'contents' }],
    },
    {
      kind: 'stat',
      title: 'Hashes',
      description: 'Hashes that can be searched, on the instance that has most.',
      unit: 'short',
      queries: [{ expr: `max(${selector('floodgate_index_entries')})`, legend: 'hashes' }],
    },
    {
      kind: 'stat',
      title: 'Memory of the index',
      description: 'On the instance that takes most.',
      unit: 'bytes',
      queries: [{ expr: `max(${selector('floodgate_index_bytes')})`, legend: 'memory' }],
    },
    {
      kind: 'stat',
      title: 'From added to blocked, p99',
      description: 'Time from the append of a bank change until it is searchable. The goal is 1 s on every instance.',
      unit: 's',
      queries: [{ expr: quantile(0.99, 'floodgate_bank_update_to_live_seconds'), legend: 'p99' }],
      limits: { warn: 0.5, bad: 1 },
    },
    {
      kind: 'lines',
      title: 'Hashes by instance',
      description: 'Instances should agree. A sudden fall is a bad import or a bank that was emptied.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_index_entries'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Contents by instance',
      description: 'Known contents in the index.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_index_contents'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Memory by instance',
      description: 'Memory that the index takes; about 145 bytes a hash in a large bank.',
      unit: 'bytes',
      queries: [{ expr: selector('floodgate_index_bytes'), legend: '{{instance}}' }],
    },
  ],
};

const freshness: Row = {
  title: 'How fresh it is',
  panels: [
    {
      kind: 'stack',
      title: 'Changes applied',
      description: 'Bank records by kind and result. Refused ones are faults of whoever wrote them.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_index_updates_total', 'kind, result'), legend: '{{kind}}: {{result}}' }],
    },
    {
      kind: 'lines',
      title: 'From added to searchable',
      description: 'Time from the append of a bank change until it is searchable on an instance.',
      unit: 's',
      queries: [0.5, 0.99].map(
        (q): Query => ({ expr: quantile(q, 'floodgate_bank_update_to_live_seconds'), legend: `p${q * 100}` }),
      ),
    },
    {
      kind: 'lines',
      title: 'Position in the bank log',
      description: 'Bank position that each index stands at. Lines that part are replicas that decide differently.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_index_version'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Records behind the bank log',
      description: 'Bank records that an instance has not applied yet.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_bank_apply_lag_records'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Seconds behind the bank log',
      description: 'Age of the oldest bank record that an instance has not applied yet.',
      unit: 's',
      queries: [{ expr: selector('floodgate_bank_apply_lag_seconds'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Since the last change',
      description: 'Age of the last change of the index.',
      unit: 's',
      queries: [{ expr: `time() - ${selector('floodgate_index_updated_timestamp_seconds')}`, legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Beyond the snapshot',
      description: 'Bank records that a restart would have to read beyond the snapshot on disk, and snapshots written.',
      unit: 'short',
      width: 24,
      queries: [
        {
          expr: `${selector('floodgate_index_version')} - ${selector('floodgate_bank_snapshot_version')}`,
          legend: '{{instance}} records',
        },
        {
          expr: `changes(${selector('floodgate_bank_snapshot_written_timestamp_seconds')}[15m])`,
          legend: '{{instance}} written in 15 min',
        },
      ],
    },
  ],
};

const searching: Row = {
  title: 'What a search costs',
  panels: [
    {
      kind: 'lines',
      title: 'Hashes looked up',
      description: 'Queries of the index; a frame is looked up in its eight rotations and flips.',
      unit: 'ops',
      queries: [{ expr: rate('floodgate_index_queries_total'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Time of a search',
      description:
        'One call of the index for a frame and its rotations and flips. It grows with the bank at wide radii.',
      unit: 's',
      queries: [0.5, 0.99].map((q): Query => ({ expr: quantile(q, search), legend: `p${q * 100}` })),
    },
    {
      kind: 'heatmap',
      title: 'Time of a search, all',
      description: 'How many searches took how long.',
      unit: 's',
      queries: [{ expr: bucketIncreases(search), legend: '{{le}}' }],
    },
    {
      kind: 'lines',
      title: 'Fresh hashes',
      description: 'Hashes that no segment finds yet and that every search scans. Under a wide policy all of them are.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_index_fresh_entries'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Segments, and building them',
      description: 'Segments that are searched, and seconds of each second in which one is being built.',
      unit: 'short',
      queries: [
        { expr: selector('floodgate_index_segments'), legend: '{{instance}} segments' },
        { expr: rate('floodgate_index_merge_duration_seconds_sum'), legend: '{{instance}} building' },
      ],
    },
    {
      kind: 'lines',
      title: 'Frames without detail',
      description:
        'Sampled frames that are too flat to be looked up. A rise is black or blank content, or an attempt to slip through.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_low_quality_total', 'media'), legend: '{{media}}' }],
    },
    {
      kind: 'heatmap',
      title: 'Quality of the frames',
      description: "PDQ's quality divided by 100.",
      unit: 'percentunit',
      width: 12,
      queries: [{ expr: bucketIncreases('floodgate_hash_quality_ratio'), legend: '{{le}}' }],
    },
    {
      kind: 'heatmap',
      title: 'Distance of the best match',
      description: 'Bits of 256 that differ. A cloud near the radius: edits that nearly escape, or false matches.',
      unit: 'short',
      width: 12,
      queries: [{ expr: bucketIncreases('floodgate_match_hamming_distance'), legend: '{{le}}' }],
    },
  ],
};

export const bankAndSearch: DashboardPlan = {
  name: 'bank',
  title: 'Floodgate / Bank and search',
  description: 'What the banks hold, how fresh it is on each instance, and what a search costs.',
  rows: [contents, freshness, searching],
};
