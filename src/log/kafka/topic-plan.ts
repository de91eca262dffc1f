/** What the topics must be like, from the settings: partitions, replicas and configuration, each with its reason. Pure. */
import { limits } from '../../config/limits.ts';
import { type Topic, topics } from '../log.ts';
import { topicNameOf } from './topic-names.ts';

export interface TopicOptions {
  readonly prefix: string;
  /** Of uploads and their companions. Left out: as many as there are, and `limits.topicPartitions` where there are none. */
  readonly partitions?: number;
  /** Left out: `limits.topicReplication` for new topics; topics that are there may have any. */
  readonly replication?: number;
  readonly uploadsRetentionMs: number;
  readonly decisionsRetentionMs: number;
}

export interface TopicSetting {
  /** As Kafka spells it, for example "cleanup.policy". */
  readonly key: string;
  readonly value: string;
  /** `at-least`: a greater number will do, and -1 means no limit. */
  readonly rule: 'equal' | 'at-least';
  readonly why: string;
  /** Otherwise records would be lost, so the service does not start. */
  readonly isVital: boolean;
}

export interface PlannedTopic {
  readonly topic: Topic;
  readonly name: string;
  /** For a new topic. */
  readonly partitions: number;
  readonly replication: number;
  readonly settings: readonly TopicSetting[];
}

/** A topic as the brokers have it. */
export interface FoundTopic {
  readonly name: string;
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replication: number;
  /** In effect, whether set for the topic or taken from the broker. */
  readonly settings: ReadonlyMap<string, string>;
}

/** How many replicas must have a record before it counts as written, so that one broker may be down and one may be lost. */
const replicasInSync = 2;

export function planTopics(options: TopicOptions): PlannedTopic[] {
  const replication = options.replication ?? limits.topicReplication;
  const partitions = options.partitions ?? limits.topicPartitions;
  const partitionsOf: Readonly<Record<Topic, number>> = {
    uploads: partitions,
    decisions: partitions,
    'stream-decisions': partitions,
    fingerprints: partitions,
    bank: 1,
    'dead-letters': limits.deadLetterPartitions,
  };
  return topics.map((topic) => ({
    topic,
    name: topicNameOf(options.prefix, topic),
    partitions: partitionsOf[topic],
    replication,
    settings: [
      ...keepingSettings(topic, options),
      ...(replication > replicasInSync ? [inSyncSetting()] : []),
      ...commonSettings(topic),
    ],
  }));
}

function keepingSettings(topic: Topic, options: TopicOptions): TopicSetting[] {
  if (topic === 'bank') return bankSettings();
  // A fingerprint is read again only while its stream is live, which is never longer than uploads are kept.
  const isShort = topic === 'uploads' || topic === 'fingerprints';
  const retentionMs = isShort ? options.uploadsRetentionMs : options.decisionsRetentionMs;
  return [
    equal('cleanup.policy', 'delete', 'compaction would take away all but the newest record of an upload', true),
    atLeast('retention.ms', retentionMs, 'records stay as long as the settings say'),
  ];
}

function bankSettings(): TopicSetting[] {
  return [
    equal('cleanup.policy', 'compact', 'known content stays until it is removed, however old it is', true),
    atLeast('min.compaction.lag.ms', limits.bankCompactionLagMs, 'whoever reads the bank finds whole revisions'),
    atLeast('delete.retention.ms', limits.bankTombstoneMs, 'a process that was away learns of what was removed'),
  ];
}

function inSyncSetting(): TopicSetting {
  const why = 'what was acknowledged survives the loss of a broker';
  return atLeast('min.insync.replicas', replicasInSync, why);
}

function commonSettings(topic: Topic): TopicSetting[] {
  // A dead letter carries the attributes of its record twice: as they are now, and as they were.
  const headersBytes = limits.recordHeadersBytesMax * (topic === 'dead-letters' ? 3 : 1);
  return [
    equal('unclean.leader.election.enable', 'false', 'a replica that lags must not become the truth'),
    atLeast('max.message.bytes', limits.recordBytesMax + headersBytes, 'a record of full size fits'),
    equal(
      'message.timestamp.type',
      'LogAppendTime',
      'lag in seconds and retention go by when the broker got a record, not by the clock of a producer',
    ),
  ];
}

function equal(key: string, value: string, why: string, isVital = false): TopicSetting {
  return { key, value, rule: 'equal', why, isVital };
}

function atLeast(key: string, value: number, why: string): TopicSetting {
  return { key, value: String(value), rule: 'at-least', why, isVital: false };
}

/** Whether a value in effect will do. */
export function satisfies(setting: TopicSetting, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (setting.rule === 'equal') return value.toLowerCase() === setting.value.toLowerCase();
  // Only a retention knows -1.
  return Number(value) >= Number(setting.value) || value === '-1';
}
