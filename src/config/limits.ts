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
  streamIdCharsMax: 256,
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
  /** Gathered of one content before it is written; twice so much memory for each content that is arriving. */
  spoolWriteBytes: 512 * KiB,
  /** And in so many chunks: a source that sends byte by byte must not cost a hundred times what it sends. */
  spoolWriteChunks: 64,
  fetchTimeoutMs: 60_000,
  fetchConnectTimeoutMs: 5_000,
  fetchHeadersTimeoutMs: 15_000,
  /** A source that sends nothing for this long is given up. */
  fetchIdleTimeoutMs: 10_000,
  fetchRetryPauseMsFirst: 200,
  fetchRetryPauseMsMax: 2_000,
  fetchRedirectsMax: 3,
  fetchAttemptsMax: 3,

  // Fingerprint
  childrenMax: 64,
  /** A fresh child takes a second to start, and some more until its code is compiled: not every minute of a wave. */
  childJobsBeforeRecycle: 2_000,
  childMemoryBytesMax: 1_536 * MiB,
  childStartTimeoutMs: 30_000,
  childIdleGraceMs: 2_000,
  childStderrBytesMax: 8 * KiB,
  childMemoryCheckMs: 100,
  childStartAttemptsMax: 5,
  childRestartBackoffMsMax: 5_000,
  jobTimeoutMs: 30_000,
  enrolTimeoutMs: 600_000,
  jobAttemptsMax: 2,
  framePixelsMax: 33_177_600,
  imagePixelsMax: 100_000_000,
  animatedPagesMax: 16,
  videoStreamsMax: 64,
  videoDurationMsMax: 12 * 3_600_000,
  sparseFramesMax: 64,
  /**
   * A sparse pass leaves no stretch longer than this unsampled, as far as `sparseFramesMax` allows. Encoders place a key
   * frame at least every 250 frames unless told otherwise, 10.4 s: filling what lies between is most of the work, and what
   * is spliced in begins with a key frame.
   */
  sparseGapMsMax: 10_500,
  /** A sparse pass has at least this many frames, or one every `sparseSpacingMsMin`, whatever is less. */
  sparseFramesMin: 8,
  /** Out of step with the usual rates of a bank, so that a trimmed copy is not off all of its frames by as much. */
  sparseSpacingMsMin: 390,
  /** So many frames of at least this quality, of which no two are closer, tell a copy; until then a sparse pass looks on. */
  tellingFramesMin: 4,
  tellingQualityMin: 20,
  sameFrameBitsMax: 8,
  /** Places of a long video where key frames are looked for: reading where they are costs next to nothing. */
  sparseSeeks: 32,
  /** Key frames looked at before the gaps between them are filled: one for so much of a long video, and `sparseFramesMin`. */
  sparseKeySpacingMs: 4_000,
  sparseKeyFramesMax: 16,
  /** Up to this duration key frames are found by reading through, above it by seeking. */
  sparseReadThroughMsMax: 20_000,
  denseFramesMax: 200_000,
  /** Times that a dense pass may look at parts of its frames; it does so more and more seldom (child/video-pass.ts). */
  denseLooksMax: 32,
  /** A video up to this duration that comes close without being decided is looked at once more, densely. */
  doubtDurationMsMax: 180_000,
  doubtFramesPerSecond: 4,
  /** Before it looks everywhere it looks this near to the frames that came close, before them and after them, */
  doubtReachMs: 2_500,
  /** and at this much in all. */
  doubtLookMsMax: 30_000,
  bankFramesPerSecondMax: 8,
  /** Frames of an upload whose regions are hashed; their bases of 64 KiB are kept until the pass ends. */
  regionFramesMax: 24,
  /** Width over height of a picture whose views are hashed, and height over width; beyond it, as if it were that. */
  aspectMax: 16,
  /** Frames that regions are detected in. */
  detectionFramesMax: 16,
  /** Of these so many, an odd number, tell where edges persist; pixels a side of each. */
  edgeFramesMax: 9,
  planeSide: 128,
  uploadThumbnailSide: 64,
  knownThumbnailSide: 32,

  // Kernel and search
  hashBytes: 32,
  hashBits: 256,
  radiusBitsMax: 96,
  frameSideMax: 2048,
  frameSide: 512,
  /** What regions of a frame are sampled from; half of the usual frame. */
  baseSide: 256,
  queriesPerSearchMax: 64,
  /** Of each two make ten forms of one picture, so that as many hits as of 64 queries have room. */
  quartetsPerSearchMax: 12,
  hitsPerSearchMax: 16_384,
  bankHashesMax: 20_000_000,
  /** Greatest radius that the segments of the index answer; a wider search scans. */
  segmentRadiusBitsMax: 31,
  /** Up to so many hashes an index is scanned at any radius: 0.3 ms a query. A larger one answers what segments answer. */
  hotHashesMax: 250_000,
  /** New hashes that are scanned before they are built into a segment: some 5 microseconds a query. */
  freshHashesMax: 8_192,
  /** A build takes in the segments that are not more than so many times as large as what it has so far. */
  segmentGrowth: 3,
  /** Removed hashes that segments may still name, as a share of all they name, before they are built anew. */
  segmentDeadShareMax: 0.25,
  /** A build that failed is tried again after so many more inserts. */
  buildRetryInserts: 8_192,
  /** Piece of a snapshot that has a CRC-32 of its own. */
  snapshotPieceBytes: 16 * MiB,

  // Matching and decisions
  /** Of the matches of one upload frame the closest so many are kept. */
  matchesPerFrameMax: 4_096,
  /** Upload frames kept for one candidate (a known content in one rotation or flip). */
  candidateFramesMax: 512,
  candidatesMax: 512,
  /** Candidates that are put on a line, the most promising first. */
  alignmentsMax: 32,
  /** Of these the first are looked for at any speed, the rest at normal speed. */
  searchedCandidatesMax: 6,
  decisionMatchesMax: 20,
  /** Known contents that are compared with an upload region by region, the closest first. */
  namedContentsMax: 32,
  /** Of these, contents that are compared at once: the least like the upload makes room for another. */
  trackedContentsMax: 12,
  /** Searching, aligning and comparing of one upload; what is left of its regions is then shed. */
  searchMsPerUploadMax: 10_000,
  /** Parts of frames of one upload with which all views of a hot bank are scanned. */
  wideNamingsMax: 16,
  /** Regions of an upload; detected and fixed ones. */
  regionsMax: 96,
  /** Of each, hypotheses that are put on a line, the heaviest first. */
  hypothesesFittedMax: 10,
  /** Pairs of a query and a known view that one content may cost for one frame; beyond it only the hypothesis that named
   * it is measured. Some milliseconds. */
  measuredPairsMax: 8_000_000,

  // Effort under load
  /** Uploads usually take longer than this from their event: the dearest work that is left is shed. */
  effortLatencyMsMax: 800,
  /** Below it the pipeline keeps up with ease. */
  effortCalmLatencyMs: 400,
  /** So long it must have kept up before shed work is taken up again. */
  effortCalmMs: 1_500,
  /** Twice as long each time that it did not keep up with it for as long as `effortKeptUpMs`, up to this. */
  effortCalmMsMax: 24_000,
  effortKeptUpMs: 30_000,
  /** A change shows its effect only on what begins after it. */
  effortHoldMs: 2_000,
  /** Latencies that are looked at: as old and as many as this. */
  effortWindowMs: 3_000,
  effortSamplesMax: 256,

  // Memory of the service and its children
  /** How much the heap grows, in percent of what the last full collection left, before the next one: V8's own upper bound. */
  heapGrowingPercent: 300,

  // Live streams
  /** Streams of which a process keeps evidence, the ones with the latest segments. */
  streamsMax: 500,
  /** Frames of one stream that are kept, the newest: seven minutes at the usual rate. */
  streamFramesMax: 1_024,
  /** Frames that one segment adds, spread evenly. */
  streamSegmentFramesMax: 256,
  /** Of the matches of one frame the closest so many are kept. */
  streamFrameMatchesMax: 64,
  /** Frame matches kept of all streams together, some 150 bytes each. */
  streamMatchesMax: 1_000_000,
  /** Segments older than this, counted from the newest of their stream, are evidence no more. */
  streamEvidenceMsMax: 30 * 60_000,
  /** A stream without segments for this long has ended; what comes later begins anew. */
  streamIdleMsMax: 10 * 60_000,
  /** A greater jump of the sequence is not taken for time that passed. */
  streamGapSegmentsMax: 100,
  /** Fingerprints read at once when a partition comes to a process, and in all. */
  streamRebuildReadRecords: 200,
  streamRebuildRecordsMax: 50_000,
  /** Streams whose latest decision can be asked for. */
  streamDecisionsKeptMax: 20_000,

  // Bank
  bankContentsMax: 5_000_000,
  /** Gray pixels of a thumbnail: 32 x 32. */
  thumbnailBytes: 1_024,
  /** Frames whose hashes of one view stay so close to the first of them are one entry of a deep bank. */
  viewRunBitsMax: 4,
  /** Deep content in one piece of a snapshot, roughly. */
  deepPieceBytes: 8 * MiB,
  /** What a bank record's fields take beside its frames. */
  bankRecordFieldsBytesMax: 16 * KiB,
  /** Bytes of the bank's table that are copied in one turn of the event loop while changes wait: a few milliseconds. */
  bankCopyBytesPerTurn: 8 * MiB,
  bankSnapshotMs: 5 * 60_000,
  /** A snapshot is worth writing for so many changes; fewer are read again in a tenth of a second. */
  bankSnapshotChangesMin: 1_000,
  /** One that is older is written anew for any change. */
  bankSnapshotRenewMs: 86_400_000,
  /** One that is older is not gone on from unless nothing came since. */
  bankSnapshotAgeMsMax: 6 * 86_400_000,
  /** How long a stop waits for the last snapshot. */
  bankSnapshotStopMs: 8_000,
  bankLagIntervalMs: 1_000,
  /** While the bank is read at the start, its progress is told so often. */
  bankProgressMs: 5_000,

  // Pipeline and log
  inflightUploadsMax: 64,
  /** Uploads taken from the log and not settled, those included that only wait for their settlement. */
  unsettledUploadsMax: 1_024,
  /** Far more than can be settled before the decision view has caught up. */
  recentUploadsMax: 50_000,
  backlogUploadsMax: 20_000,
  settleBatchMax: 256,
  settleAttemptsMax: 8,
  groupCommitMs: 4,
  lagIntervalMs: 250,
  logBytesMax: 16 * GiB,
  /** Free bytes on the file system below which the log takes no more. */
  logFreeBytesMin: 256 * MiB,
  /** Greatest sum of values in one read and in one commit; a single larger record or batch still goes alone. */
  logReadBytesMax: 8 * MiB,
  logCommitBytesMax: 16 * MiB,
  /** Appends that wait for their commit; above it the log is overloaded. */
  logQueueBytesMax: 64 * MiB,
  logReadRecordsMax: 512,
  /** A log larger than this is checked in parts after a crash, so that the start stays within seconds. */
  logFullCheckBytesMax: 1 * GiB,
  logRoomCheckMs: 1_000,
  logRetentionIntervalMs: 60_000,
  logRetentionChunkRecords: 512,
  uploadsRetentionMs: 3 * 86_400_000,
  decisionsRetentionMs: 30 * 86_400_000,
  /** Tombstones outlive every tail that may still need them. */
  bankTombstoneMs: 7 * 86_400_000,

  // Kafka
  kafkaSessionTimeoutMs: 10_000,
  /** A transaction lasts milliseconds; one whose process died is ended by whoever gets the partition. */
  kafkaTransactionTimeoutMs: 10_000,
  /** How long an offset is waited for that a transaction is about to change; some brokers never change it. */
  kafkaUnstableOffsetMsMax: 5_000,
  kafkaRequestTimeoutMs: 10_000,
  kafkaConnectTimeoutMs: 5_000,
  /** A fetch waits this long at the broker for records. */
  kafkaFetchWaitMs: 250,
  kafkaFetchBytesMax: 16 * MiB,
  kafkaFetchPartitionBytesMax: 4 * MiB,
  /** Records of one partition that wait to be handed out; above it the partition is paused. */
  kafkaBufferRecordsMax: 2_000,
  kafkaBufferBytesMax: 8 * MiB,
  /** One produce request; a batch never exceeds a record of full size and its fields. */
  kafkaBatchBytesMax: 1_000_000,
  kafkaBatchRecordsMax: 5_000,
  /** Kafka's default `offset.metadata.max.bytes`. */
  kafkaOffsetMetadataBytesMax: 4_096,
  kafkaRetryMsFirst: 20,
  kafkaRetryMsMax: 2_000,
  /** How long a broker may be away before the log has failed. */
  kafkaOutageMsMax: 120_000,
  /** How long an append, or a question about a topic, is tried. */
  kafkaAppendMsMax: 30_000,
  /** How long leaving a group, and then ending connections, waits for brokers that do not answer. */
  kafkaLeaveMsMax: 2_000,
  kafkaCloseMsMax: 3_000,
  /** How long a start waits for the brokers. */
  kafkaOpenMsMax: 60_000,

  // Topics
  topicPartitions: 12,
  topicPartitionsMax: 1_024,
  topicReplication: 3,
  /** Dead letters are few; their order does not matter. */
  deadLetterPartitions: 3,
  /** Events that one call replays. */
  deadLettersReplayedMax: 10_000,
  /** Dead letters that are read at once on the way from the newest to the oldest. */
  deadLettersReadMax: 32,
  /** What a record may take beside its value: key, headers and framing. */
  recordHeadersBytesMax: 64 * KiB,
  /** A part that was replaced stays so long, so that whoever reads the bank at that moment finds a whole revision. */
  bankCompactionLagMs: 600_000,

  // Views
  viewDecisionsMax: 2_000_000,
  viewPendingMax: 20_000,
  /** Rows that one page of a list may look at; tens of milliseconds of the main thread. */
  viewScanRowsMax: 5_000,
  drainTimeoutMs: 20_000,
  /** How long a stop waits for the views, so that whoever waits for a decision hears it. */
  viewCatchUpMs: 1_000,

  // HTTP
  requestBytesMax: 1_500_000,
  waitMsMax: 60_000,
  pageItemsMax: 500,
  streamClientsMax: 256,
  /** Bytes that may wait for one client of the stream before it is disconnected. */
  streamBufferBytesMax: 1 * MiB,
  streamHeartbeatMs: 15_000,
  streamRetryMs: 2_000,
  streamReplayBatchMax: 100,
  multipartFieldsMax: 32,
  requestTimeoutMs: 900_000,
  retryAfterSeconds: 2,

  // Media for the demo and the bench
  mediaJobsQueuedMax: 4_096,
  mediaJobTimeoutMs: 300_000,
  mediaStderrCharsMax: 2_048,
} as const;

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`limits.ts: ${relation} does not hold`);
}

assertRelation(limits.inlineBytesMax * 1.4 < limits.recordBytesMax, 'inline content in base64 fits a record');
assertRelation(limits.recordBytesMax <= limits.requestBytesMax, 'an event of full size fits a request');
assertRelation(limits.jobTimeoutMs * limits.jobAttemptsMax >= limits.drainTimeoutMs, 'a drain may abandon a job');
assertRelation(limits.frameSide <= limits.frameSideMax, 'the usual frame fits the kernel');
assertRelation(limits.baseSide * 2 === limits.frameSide, 'a base is made of the usual frame');
assertRelation(limits.detectionFramesMax <= limits.regionFramesMax, 'regions are detected in frames that are kept');
assertRelation(limits.imageBytesMax <= limits.contentBytesMax, 'an image is content');
assertRelation(limits.sparseKeyFramesMax <= limits.sparseFramesMax, 'the key frames of a sparse pass fit it');
assertRelation(limits.sparseFramesMin <= limits.sparseKeyFramesMax, 'key frames alone can make a sparse pass');
assertRelation(limits.hashBytes * 8 === limits.hashBits, 'bytes and bits of a hash agree');
assertRelation(limits.fetchConnectTimeoutMs < limits.fetchTimeoutMs, 'connecting is part of fetching');
assertRelation(limits.fetchHeadersTimeoutMs < limits.fetchTimeoutMs, 'waiting for an answer is part of fetching');
assertRelation(limits.contentBytesMax <= limits.spoolBytesMax, 'the largest content fits the spool');
assertRelation(limits.recordBytesMax <= limits.logReadBytesMax, 'a record of full size fits a read');
assertRelation(limits.logCommitBytesMax <= limits.logQueueBytesMax, 'a commit of full size fits the queue');
assertRelation(limits.recordBytesMax <= limits.kafkaBatchBytesMax, 'a record of full size fits a batch');
assertRelation(limits.kafkaBatchBytesMax <= limits.kafkaFetchPartitionBytesMax, 'a batch of full size fits a fetch');
assertRelation(limits.kafkaFetchPartitionBytesMax <= limits.kafkaFetchBytesMax, 'a partition is part of a fetch');
assertRelation(limits.kafkaFetchPartitionBytesMax <= limits.kafkaBufferBytesMax, 'what is fetched fits the buffer');
assertRelation(limits.settleBatchMax <= limits.kafkaBatchRecordsMax, 'decisions of a settlement fit a batch');
assertRelation(limits.kafkaFetchWaitMs < limits.kafkaRequestTimeoutMs, 'a fetch that waits has not timed out');
assertRelation(limits.kafkaConnectTimeoutMs <= limits.kafkaRequestTimeoutMs, 'connecting is part of a request');
assertRelation(
  limits.kafkaTransactionTimeoutMs <= limits.kafkaSessionTimeoutMs,
  'who is gone blocks no reader for long',
);
assertRelation(limits.kafkaRequestTimeoutMs < limits.kafkaOutageMsMax, 'an outage outlasts a request');
assertRelation(limits.kafkaRetryMsFirst < limits.kafkaRetryMsMax, 'pauses between retries grow');
assertRelation(limits.kafkaRetryMsMax < limits.kafkaOutageMsMax, 'an outage is retried more than once');
assertRelation(
  limits.bankSnapshotAgeMsMax < limits.bankTombstoneMs,
  'no removal leaves the log before a snapshot is too old',
);
assertRelation(limits.bankSnapshotRenewMs < limits.bankSnapshotAgeMsMax, 'a snapshot is renewed before it is too old');
assertRelation(limits.segmentRadiusBitsMax < limits.radiusBitsMax, 'segments answer narrow searches');
assertRelation(limits.freshHashesMax < limits.hotHashesMax, 'what is scanned because it is new is little');
assertRelation(limits.freshHashesMax < limits.bankHashesMax, 'a bank can fill a segment');
assertRelation(limits.effortCalmLatencyMs < limits.effortLatencyMsMax, 'the ladder does not swing');
assertRelation(limits.effortCalmMs <= limits.effortCalmMsMax, 'the wait for shed work only grows');
assertRelation(limits.streamSegmentFramesMax <= limits.streamFramesMax, 'a segment fits its stream');
assertRelation(
  limits.streamSegmentFramesMax * 264 * 1.4 < limits.recordBytesMax,
  'the frames of a segment in base64 fit a record',
);
assertRelation(limits.streamIdleMsMax <= limits.streamEvidenceMsMax, 'evidence outlasts a pause');
assertRelation(
  limits.streamEvidenceMsMax + limits.streamIdleMsMax < limits.uploadsRetentionMs,
  'fingerprints stay while their stream is live',
);
assertRelation(limits.alignmentsMax <= limits.candidatesMax, 'only candidates are aligned');
assertRelation(limits.decisionMatchesMax <= limits.alignmentsMax, 'only alignments become matches');
