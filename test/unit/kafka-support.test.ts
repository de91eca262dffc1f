/** What the support for Kafka decides before it starts anything. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { packageFile } from '../../src/config/paths.ts';
import { listenerProperties, settingsText } from '../support/kafka/broker-settings.ts';
import { missingForBroker } from '../support/kafka/describe-with-kafka.ts';
import { freePorts } from '../support/kafka/free-ports.ts';
import { kafkaVersion } from '../support/kafka/kafka-jars.ts';
import { produceWithKcat } from '../support/kafka/kcat.ts';
import { givenBrokers, sharedBroker } from '../support/kafka/shared-broker.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the version of Kafka', () => {
  it('is pinned in the pom, and can be set', () => {
    vi.stubEnv('FLOODGATE_TEST_KAFKA_VERSION', '');
    expect(readFileSync(packageFile('test/support/kafka/pom.xml'), 'utf8')).toContain(`>${kafkaVersion()}<`);
    vi.stubEnv('FLOODGATE_TEST_KAFKA_VERSION', '3.9.2');
    expect(kafkaVersion()).toBe('3.9.2');
  });

  it('is refused where it could not be the name of a folder', () => {
    vi.stubEnv('FLOODGATE_TEST_KAFKA_VERSION', '../3.9.2');
    expect(() => kafkaVersion()).toThrow(/FLOODGATE_TEST_KAFKA_VERSION/);
  });
});

describe('brokers that are given', () => {
  it('are used as they are, with nothing started', async () => {
    vi.stubEnv('FLOODGATE_TEST_BROKERS', 'one:9092, two:9092,');
    expect(await sharedBroker()).toEqual({ brokers: ['one:9092', 'two:9092'] });
  });

  it('have a port', () => {
    vi.stubEnv('FLOODGATE_TEST_BROKERS', 'one');
    expect(() => givenBrokers()).toThrow(/host:port.*not one/);
  });

  it('are none by default', () => {
    vi.stubEnv('FLOODGATE_TEST_BROKERS', '');
    expect(givenBrokers()).toBeUndefined();
  });
});

describe('what a broker needs', () => {
  it('is named with the package that brings it', () => {
    vi.stubEnv('JAVA_HOME', packageFile('absent'));
    // A version of which there are no jars.
    vi.stubEnv('FLOODGATE_TEST_KAFKA_VERSION', '0.0.0');
    vi.stubEnv('PATH', packageFile('absent'));
    expect(missingForBroker()).toEqual({
      tools: ['Java 17 or newer', 'Maven'],
      packages: ['default-jre-headless', 'maven'],
    });
  });
});

describe('the settings of a broker', () => {
  it('say what it listens on, and what it tells clients', () => {
    const listener = { name: 'PLAINTEXT', protocol: 'PLAINTEXT', port: 20_001, advertised: '127.0.0.1:30001' } as const;
    expect(listenerProperties([listener], 20_002)).toEqual({
      listeners: 'PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002',
      'advertised.listeners': 'PLAINTEXT://127.0.0.1:30001',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'controller.quorum.voters': '1@127.0.0.1:20002',
    });
  });

  it('put what differs after what all have, since the last one counts', () => {
    const lines = settingsText({ 'num.partitions': '9', odd: 'a\\b\nc' }).trim().split('\n');
    expect(lines.indexOf('num.partitions=4')).toBeGreaterThan(0);
    expect(lines.slice(-2)).toEqual(['num.partitions=9', 'odd=a\\\\b\\nc']);
  });

  it('have ports that systems do not give away', async () => {
    const ports = await freePorts(5);
    expect(new Set(ports).size).toBe(5);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });
});

it('kcat is not given records that it would tear apart', async () => {
  const records = [{ key: 'a\tb', value: 'c' }];
  await expect(produceWithKcat({ brokers: [], topic: 't', records })).rejects.toThrow(/without tabs/);
});
