/** Alerts on the service itself: is it there, is it fast, does it judge and block, and is it about to run out of something. */
import { type Alert, availabilityGoal, type BurnWindow, freshnessGoal, type RuleGroup } from './rules.ts';

/** Below it a share says little: one slow upload of ten is no incident. Decisions a second. */
const trafficMin = 0.1;

/** Both windows: the long one says that it matters, the short one that it still goes on. */
function burns(share: string, budget: number, factor: number, long: BurnWindow, short: BurnWindow): string {
  const bound = Number((factor * budget).toPrecision(6));
  const over = (window: BurnWindow) => `job:floodgate_decisions_${share}:ratio_rate${window} > ${bound}`;
  return `(${over(long)} and ${over(short)})`;
}

function burnRate(share: string, budget: number, speed: 'fast' | 'slow'): string {
  const pairs =
    speed === 'fast'
      ? [burns(share, budget, 14.4, '1h', '5m'), burns(share, budget, 6, '6h', '30m')]
      : [burns(share, budget, 3, '1d', '2h'), burns(share, budget, 1, '3d', '6h')];
  return `(${pairs.join(' or ')}) and on (job) job:floodgate_decisions:rate1h > ${trafficMin}`;
}

const presence: Alert[] = [
  {
    alert: 'FloodgateTargetDown',
    expr: 'up{job="floodgate"} == 0',
    for: '2m',
    severity: 'critical',
    summary: 'An instance of Floodgate cannot be scraped.',
    description: 'Prometheus has not reached {{ $labels.instance }} for two minutes.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateAbsent',
    expr: 'absent(floodgate_build_info)',
    for: '5m',
    severity: 'critical',
    summary: 'No instance of Floodgate reports anything.',
    description: 'There has been no floodgate_build_info for five minutes: nothing runs, or nothing is scraped.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateNotReady',
    expr: 'floodgate_ready == 0',
    for: '5m',
    severity: 'critical',
    summary: 'A component of Floodgate is not ready.',
    description: '{{ $labels.component }} of {{ $labels.instance }} has not been ready for five minutes.',
    dashboard: 'crisis',
  },
];

const goals: Alert[] = [
  {
    alert: 'FloodgateFreshnessBurnFast',
    expr: burnRate('slow', freshnessGoal.budget, 'fast'),
    severity: 'critical',
    summary: 'Decisions come late, and the budget for it burns fast.',
    description: '{{ $value | humanizePercentage }} of the decisions of {{ $labels.job }} took over 2.5 s; 0.1 % may.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateFreshnessBurnSlow',
    expr: burnRate('slow', freshnessGoal.budget, 'slow'),
    severity: 'warning',
    summary: 'Decisions come late more often than agreed.',
    description: '{{ $value | humanizePercentage }} of the decisions of {{ $labels.job }} took over 2.5 s; 0.1 % may.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateErrorBurnFast',
    expr: burnRate('unjudged', availabilityGoal.budget, 'fast'),
    severity: 'critical',
    summary: 'Uploads are not judged because of time-outs or unreachable origins, and the budget for it burns fast.',
    description:
      '{{ $value | humanizePercentage }} of the uploads of {{ $labels.job }} were not judged; 0.05 % may be.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateErrorBurnSlow',
    expr: burnRate('unjudged', availabilityGoal.budget, 'slow'),
    severity: 'warning',
    summary: 'Uploads are not judged because of time-outs or unreachable origins more often than agreed.',
    description:
      '{{ $value | humanizePercentage }} of the uploads of {{ $labels.job }} were not judged; 0.05 % may be.',
    dashboard: 'pipeline',
  },
];

const uploadsShare = (statusClass: string) =>
  `sum by (job) (rate(floodgate_http_request_duration_seconds_count{route="/v1/uploads", method="POST"${statusClass}}[5m]))`;

const judging: Alert[] = [
  {
    alert: 'FloodgateUploadsRefused',
    expr: `${uploadsShare(', status_class="5xx"')} / ${uploadsShare('')} > 0.05`,
    for: '5m',
    severity: 'critical',
    summary: 'Uploads are refused.',
    description: '{{ $value | humanizePercentage }} of the posted uploads of {{ $labels.job }} are answered with 5xx.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateDecodeFailures',
    expr:
      'sum by (job) (rate(floodgate_decisions_total{reason="undecodable"}[10m])) / ' +
      `sum by (job) (rate(floodgate_decisions_total[10m])) > 0.1 and on (job) job:floodgate_decisions:rate5m > ${trafficMin}`,
    for: '10m',
    severity: 'warning',
    summary: 'Many uploads cannot be decoded.',
    description: '{{ $value | humanizePercentage }} of the uploads of {{ $labels.job }} are undecodable.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateMatchRateHigh',
    expr:
      'job:floodgate_decisions_blocked:ratio_rate30m > 3 * job:floodgate_decisions_blocked:ratio_rate1d ' +
      'and job:floodgate_decisions_blocked:ratio_rate30m > 0.05 ' +
      `and on (job) job:floodgate_decisions:rate1h > ${trafficMin}`,
    for: '10m',
    severity: 'warning',
    summary: 'Far more is blocked than on other days.',
    description:
      '{{ $value | humanizePercentage }} of the uploads of {{ $labels.job }} are blocked, over 3 times the daily share.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateMatchRateZero',
    expr:
      'job:floodgate_decisions_blocked:ratio_rate1h == 0 and job:floodgate_decisions_blocked:ratio_rate1d > 0.001 ' +
      `and on (job) job:floodgate_decisions:rate1h > ${trafficMin}`,
    for: '30m',
    severity: 'critical',
    summary: 'Nothing is blocked any more.',
    description:
      '{{ $labels.job }} has blocked nothing for an hour, and did on the day before: known content may leak.',
    dashboard: 'crisis',
  },
];

const resources: Alert[] = [
  {
    alert: 'FloodgateChildrenSaturated',
    expr:
      'avg_over_time(floodgate_child_pool_utilization_ratio[10m]) > 0.95 ' +
      'and avg_over_time(floodgate_child_pool_queue_length[10m]) > 1',
    for: '10m',
    severity: 'warning',
    summary: 'All decoding processes are busy, and uploads wait for them.',
    description: 'The children of {{ $labels.instance }} have been busy to {{ $value | humanizePercentage }}.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateChildrenRestarting',
    expr: 'sum by (job, instance) (increase(floodgate_child_restarts_total{reason!="recycle"}[15m])) > 10',
    severity: 'warning',
    summary: 'Decoding processes crash, hang or take too much memory.',
    description: '{{ $labels.instance }} has replaced {{ $value | humanize }} children in 15 minutes.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateEventLoopSlow',
    expr: 'nodejs_eventloop_lag_p99_seconds{job="floodgate"} > 0.2',
    for: '10m',
    severity: 'warning',
    summary: 'The main process is busy, and everything in it waits.',
    description: 'Timers of {{ $labels.instance }} run {{ $value | humanizeDuration }} late.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateMemoryHigh',
    expr: 'process_resident_memory_bytes{job="floodgate"} > on (job, instance) (0.9 * floodgate_memory_limit_bytes)',
    for: '10m',
    severity: 'warning',
    summary: 'The main process nears its memory limit.',
    description: '{{ $labels.instance }} takes {{ $value | humanize1024 }}B, over 90 % of what it may.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateFilesNearLimit',
    expr: 'process_open_fds{job="floodgate"} / process_max_fds{job="floodgate"} > 0.8',
    for: '5m',
    severity: 'warning',
    summary: 'The main process nears its limit of open files.',
    description: '{{ $labels.instance }} has {{ $value | humanizePercentage }} of its file descriptors open.',
    dashboard: 'pipeline',
  },
];

export const serviceAlerts: RuleGroup[] = [
  { name: 'floodgate.presence', rules: presence },
  { name: 'floodgate.goals.alerts', rules: goals },
  { name: 'floodgate.judging', rules: judging },
  { name: 'floodgate.resources', rules: resources },
];
