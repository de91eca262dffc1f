/** The log on Kafka, held to the suite of all logs, on a real broker. */

import type { Delivery } from '../../../src/log/kafka/kafka-consumer.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { sharedBroker } from '../../support/kafka/shared-broker.ts';
import { createTopics } from '../../support/kafka/topics.ts';
import { describeLogConformance, type Reopening } from '../../support/log-conformance.ts';

async function openKafka(delivery: Delivery) {
  const { brokers } = await sharedBroker();
  const topics = await createTopics(brokers);
  let log = await openTestLog(brokers, topics.prefix, { delivery });
  return {
    log,
    async reopen(how: Reopening) {
      if (how === 'close') await log.close();
      else await log.abandon();
      log = await openTestLog(brokers, topics.prefix, { delivery });
      return log;
    },
    async dispose() {
      await log.close();
      await topics.remove();
    },
  };
}

const options = { compaction: false, interleavingsMax: 2, quietMs: 400 };

describeWithKafka('the conformance of the log on Kafka', () => {
  describeLogConformance('the log on Kafka, exactly once', () => openKafka('exactly-once'), options);
  describeLogConformance('the log on Kafka, at least once', () => openKafka('at-least-once'), options);
});
