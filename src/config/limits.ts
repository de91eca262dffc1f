/**
 * Every bound of Floodgate, once, with its unit in its name. Relations between bounds are asserted below.
 * What an operator may want to change is read from the environment in `config.ts` and defaults to the values here.
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

export const limits = {
  // Events
  uploadIdCharsMax: 256,
  contentIdCharsMax: 256,
  bankNameCharsMax: 64,
  labelsMax: 16,
  labelCharsMax: 64,
  eventIdCharsMax: 256,
  uriCharsMax: 4096,
  detailCharsMax: 2_048,
  contextBytesMax: 8 * KiB,
  /** Greatest size of a record's value. Kafka's default `max.message.bytes` less headers. */
  recordBytesMax: 1_000_000,
  inlineBytesMax: 512 * KiB,
  uploadFramesMax: 4_096,

  // Fetch and spool
  contentBytesMax: 2 * GiB,
  imageBytesMax: 64 * MiB,
  spoolBytesMax: 8 * GiB,
  fetchTimeoutMs: 60_000,
  fetchConnectTimeoutMs: 5_000,
  fetchRedirectsMax: 3,
  fetchAttemptsMax: 3,

  // Fingerprint
  childrenMax: 64,
  childJobsBeforeRecycle: 500,
  childMemoryBytesMax: 1_536 * MiB,
  childStartTimeoutMs: 30_000,
  childIdleGraceMs: 2_000,
  jobTimeoutMs: 30_000,
  enrolTimeoutMs: 600_000,
  jobAttemptsMax: 2,
  framePixelsMax: 33_177_600,
  imagePixelsMax: 100_000_000,
  animatedPagesMax: 16,
  videoStreamsMax: 64,
  videoDurationMsMax: 12 * 3_600_000,
  sparseFramesMax: 64,
  /** A sparse pass leaves no stretch longer than this unsampled, as far as `sparseFramesMax` allows. */
  sparseGapMsMax: 5_000,
  denseFramesMax: 200_000,
  bankFramesPerSecondMax: 8,

  // Kernel and search
  hashBytes: 32,
  hashBits: 256,
  radiusBitsMax: 96,
  frameSideMax: 2048,
  frameSide: 512,
  queriesPerSearchMax: 64,
  hitsPerSearchMax: 16_384,
  bankHashesMax: 20_000_000,

  // Pipeline and log
  inflightUploadsMax: 64,
  /** Far more than can be settled before the decision view has caught up. */
  recentUploadsMax: 50_000,
  backlogUploadsMax: 20_000,
  settleBatchMax: 256,
  settleAttemptsMax: 8,
  groupCommitMs: 4,
  logBytesMax: 16 * GiB,
  /** Free bytes on the file system below which the log takes no more. */
  logFreeBytesMin: 256 * MiB,
  drainTimeoutMs: 20_000,

  // HTTP
  requestBytesMax: 1_500_000,
  waitMsMax: 60_000,
  pageItemsMax: 500,
  streamClientsMax: 256,
} as const;

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`limits.ts: ${relation} does not hold`);
}

assertRelation(limits.inlineBytesMax * 1.4 < limits.recordBytesMax, 'inline content in base64 fits a record');
assertRelation(limits.recordBytesMax <= limits.requestBytesMax, 'an event of full size fits a request');
assertRelation(limits.jobTimeoutMs * limits.jobAttemptsMax >= limits.drainTimeoutMs, 'a drain may abandon a job');
assertRelation(limits.frameSide <= limits.frameSideMax, 'the usual frame fits the kernel');
assertRelation(limits.imageBytesMax <= limits.contentBytesMax, 'an image is content');
assertRelation(limits.hashBytes * 8 === limits.hashBits, 'bytes and bits of a hash agree');
assertRelation(limits.fetchConnectTimeoutMs < limits.fetchTimeoutMs, 'connecting is part of fetching');
