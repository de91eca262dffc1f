/** The first dashboard in an incident, from the top: is it up, is it keeping up, is it fast, is it blocking. */
import type { DashboardPlan, Row } from './dashboards.ts';
import type { Query } from './panels.ts';
import { bucketIncreases, quantile, selector, sumRate } from './queries.ts';

const decisions = 'floodgate_decisions_total';
const latency = 'floodgate_decision_latency_seconds';
const blocked = 'outcome=~"block|observed_block"';
/** What was judged; every other reason says why it could not be. */
const judgedReasons = 'exact_copy|matched|near_match|no_match';
const unjudged = `reason!~"${judgedReasons}"`;

const top: Row = {
  title: 'At a glance',
  panels: [
    {
      kind: 'stat',
      title: 'Is it up?',
      description: 'Share of the instances in which every component is ready, as /readyz says. Red below a half.',
      unit: 'percentunit',
      queries: [{ expr: `avg(min by (instance) (${selector('floodgate_ready')}))`, legend: 'ready' }],
      limits: { warn: 1, bad: 0.5 },
    },
    {
      kind: 'stat',
      title: 'Is it keeping up?',
      description: 'Age of the oldest upload that has no decision yet, over all instances.',
      unit: 's',
      queries: [{ expr: `max(${selector('floodgate_consumer_lag_seconds')})`, legend: 'lag' }],
      limits: { warn: 2.5, bad: 30 },
    },
    {
      kind: 'stat',
      title: 'Is it fast?',
      description:
        '99 of 100 uploads have their durable decision within this time from their event. The goal is 2.5 s.',
      unit: 's',
      queries: [{ expr: quantile(0.99, latency), legend: 'p99' }],
      limits: { warn: 1, bad: 2.5 },
    },
    {
      kind: 'stat',
      title: 'Is it blocking?',
      description:
        'Share of the decisions that block, or would in observe-only mode. A jump is an attack or a bad bank, a fall to nothing an empty index.',
      unit: 'percentunit',
      queries: [{ expr: `${sumRate(decisions, '', blocked)} / ${sumRate(decisions)}`, legend: 'blocked' }],
    },
  ],
};

const keepingUp: Row = {
  title: 'Are we keeping up, and how fast?',
  panels: [
    {
      kind: 'lines',
      title: 'Uploads in and out',
      description: 'Upload events read from the log, and those whose decision and progress are durable.',
      unit: 'ops',
      queries: [
        { expr: sumRate('floodgate_uploads_consumed_total'), legend: 'read' },
        { expr: sumRate('floodgate_settled_records_total'), legend: 'settled' },
      ],
    },
    {
      kind: 'lines',
      title: 'Time to a decision',
      description: 'From the upload event to its durable decision.',
      unit: 's',
      queries: [0.5, 0.95, 0.99].map((q): Query => ({ expr: quantile(q, latency), legend: `p${q * 100}` })),
    },
    {
      kind: 'heatmap',
      title: 'Time to a decision, all uploads',
      description:
        'How many decisions took how long. A second band is a second population: look at the media and stages.',
      unit: 's',
      queries: [{ expr: bucketIncreases(latency), legend: '{{le}}' }],
    },
  ],
};

const blocking: Row = {
  title: 'What is blocked?',
  panels: [
    {
      kind: 'stack',
      title: 'Decisions by outcome',
      description: 'observed_block and observed_review are what observe-only mode would have done.',
      unit: 'ops',
      queries: [{ expr: sumRate(decisions, 'outcome'), legend: '{{outcome}}' }],
    },
    {
      kind: 'stack',
      title: 'Matches by bank',
      description:
        'Decisions that named a bank as evidence. One bank that jumps alone has bad content or an attack on it.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_matches_total', 'bank, outcome'), legend: '{{bank}}: {{outcome}}' }],
    },
    {
      kind: 'heatmap',
      title: 'Distance of the best match',
      description:
        'Bits of 256 that differ. A cloud near the radius speaks for edits that nearly escape, or for false matches.',
      unit: 'short',
      queries: [{ expr: bucketIncreases('floodgate_match_hamming_distance'), legend: '{{le}}' }],
    },
  ],
};

const leaking: Row = {
  title: 'What leaks?',
  panels: [
    {
      kind: 'stack',
      title: 'Not judged, by reason',
      description:
        'Uploads that could not be judged. They are never counted as "no match"; the policy says what becomes of them.',
      unit: 'ops',
      queries: [{ expr: sumRate(decisions, 'reason', unjudged), legend: '{{reason}}' }],
    },
    {
      kind: 'lines',
      title: 'Held for review, and near matches',
      description: 'What waits for people. Near matches come close to known content without evidence enough to block.',
      unit: 'ops',
      queries: [
        { expr: sumRate(decisions, '', 'outcome=~"review|observed_review"'), legend: 'review' },
        { expr: sumRate(decisions, '', 'reason="near_match"'), legend: 'near match' },
      ],
    },
    {
      kind: 'stack',
      title: 'Dead letters by reason',
      description: 'Upload events that could not be interpreted: they have no decision until somebody replays them.',
      unit: 'ops',
      queries: [
        { expr: sumRate('floodgate_dead_letters_total', 'reason'), legend: '{{reason}}' },
        { expr: sumRate('floodgate_dead_letters_replayed_total'), legend: 'replayed' },
      ],
    },
  ],
};

const behindBest =
  `max by (job) (${selector('floodgate_index_version')}) ` +
  `- on (job) group_right () ${selector('floodgate_index_version')}`;

const staleness: Row = {
  title: "How stale is each replica's bank?",
  panels: [
    {
      kind: 'lines',
      title: 'Behind the newest replica',
      description:
        'Bank records that an instance has not applied and another one has. It should return to 0 within seconds.',
      unit: 'short',
      queries: [{ expr: behindBest, legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Behind the bank log',
      description:
        'Age of the oldest bank record that an instance has not applied. Content within it is not blocked there.',
      unit: 's',
      queries: [{ expr: selector('floodgate_bank_apply_lag_seconds'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Since the last change',
      description: 'Age of the last change of the index. Long is right when nobody changes the bank.',
      unit: 's',
      queries: [{ expr: `time() - ${selector('floodgate_index_updated_timestamp_seconds')}`, legend: '{{instance}}' }],
    },
  ],
};

const partitions: Row = {
  title: 'Lag by partition',
  panels: [
    {
      kind: 'lines',
      title: 'Lag in seconds',
      description:
        'Age of the oldest upload event that is not settled. One partition alone: one hot key, or one stuck upload.',
      unit: 's',
      queries: [
        { expr: `max by (partition) (${selector('floodgate_partition_lag_seconds')})`, legend: '{{partition}}' },
      ],
    },
    {
      kind: 'lines',
      title: 'Lag in records',
      description: 'Upload events between the end of the partition and the lowest one not settled.',
      unit: 'short',
      queries: [
        { expr: `max by (partition) (${selector('floodgate_partition_lag_records')})`, legend: '{{partition}}' },
      ],
    },
    {
      kind: 'lines',
      title: 'Since the last progress',
      description:
        'Time since progress was committed. It grows where nothing comes in, and where something is stuck: see the lag.',
      unit: 's',
      queries: [
        {
          expr: `time() - max by (partition) (${selector('floodgate_partition_progress_timestamp_seconds')})`,
          legend: '{{partition}}',
        },
      ],
    },
  ],
};

export const crisis: DashboardPlan = {
  name: 'crisis',
  title: 'Floodgate / Crisis',
  description: 'Are we keeping up, how fast, what is blocked, what leaks, and how stale the bank of each replica is.',
  rows: [top, keepingUp, blocking, leaking, staleness, partitions],
};
