import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../../src/config/paths.ts';
import { createClient } from '../../../../src/log/kafka/client.ts';
import {
  createCluster,
  kafkajsVersion,
  RequestQueue,
  type WireRecord,
  withoutAborted,
} from '../../../../src/log/kafka/internals.ts';

const load = createRequire(import.meta.url);

describe('the parts of kafkajs that are built upon', () => {
  // Goal: an upgrade must be looked at by somebody, since none of this is documented.
  it('are of the version that they were written for', () => {
    const { version } = load('kafkajs/package.json') as { version: string };
    const { dependencies } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));
    expect([version, dependencies.kafkajs]).toEqual([kafkajsVersion, kafkajsVersion]);
  });

  it('are where they are expected', () => {
    const cluster = createCluster(createClient({ brokers: ['127.0.0.1:1'] }, () => undefined).kafka, 1_000);
    const methods = ['connect', 'disconnect', 'isConnected', 'addMultipleTargetTopics', 'refreshMetadata'] as const;
    const more = ['refreshMetadataIfNecessary', 'findTopicPartitionMetadata', 'findBroker', 'getNodeIds'] as const;
    expect([...methods, ...more].filter((name) => typeof cluster[name] !== 'function')).toEqual([]);
    expect(cluster.brokerPool.metadata).toBeNull();
    const Broker = load('kafkajs/src/broker/index.js') as { prototype: Record<string, unknown> };
    const requests = [
      'fetch',
      'listOffsets',
      'produce',
      'offsetFetch',
      'offsetCommit',
      'findGroupCoordinator',
      'initProducerId',
    ];
    const transactions = ['addPartitionsToTxn', 'addOffsetsToTxn', 'txnOffsetCommit', 'endTxn'];
    expect([...requests, ...transactions].filter((name) => typeof Broker.prototype[name] !== 'function')).toEqual([]);
    expect(typeof RequestQueue.prototype.scheduleCheckPendingRequests).toBe('function');
  });

  it('say so when the client has no cluster to make', () => {
    expect(() => createCluster({} as never, 1_000)).toThrow(/2\.2\.4/);
  });

  it('leave records of aborted transactions out, by producer and up to the end of each', () => {
    const marker = Buffer.from([0, 0, 0, 0]);
    const record = (
      offset: number,
      producerId: string,
      inTransaction = true,
      key: Buffer | null = null,
    ): WireRecord => ({
      offset: `${offset}`,
      timestamp: '0',
      key,
      value: null,
      headers: {},
      isControlRecord: key === marker,
      batchContext: { firstOffset: `${offset}`, lastOffsetDelta: 0, producerId, inTransaction },
    });
    const messages = [
      record(0, '1'),
      record(1, '2'),
      record(2, '-1', false),
      record(3, '1'),
      record(4, '1', true, marker),
      record(5, '1'),
    ];
    const kept = withoutAborted({ messages, abortedTransactions: [{ producerId: '1', firstOffset: '0' }] });
    expect(kept.filter(({ isControlRecord }) => !isControlRecord).map(({ offset }) => offset)).toEqual(['1', '2', '5']);
  });
});
