/** Goal: on Kafka, with two instances, no panel is empty either, and those about partitions and transactions tell the truth. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeServices } from '../../support/compose.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { freshPrefix, removeTopics } from '../../support/kafka/topics.ts';
import { type Observed, observeUnderLoad } from '../../support/panels-under-load.ts';
import { jsonLines, runCommand } from '../../support/run-command.ts';
import { Rig } from '../../support/service-calls.ts';

/** The one-shot service of docker-compose.yml; its command is run here as it stands. */
const { command: applyTopics = [] } = composeServices().topics ?? {};
const partitions = Number(applyTopics[applyTopics.indexOf('--partitions') + 1]);

describeWithKafka(
  'the dashboards over two instances on Kafka',
  () => {
    const rig = new Rig();
    let observed: Observed;
    beforeAll(async () => {
      const { brokers } = await sharedBroker();
      const prefix = freshPrefix();
      rig.onClose(() => removeTopics(brokers, prefix));
      const environment = {
        FLOODGATE_KAFKA_BROKERS: brokers.join(','),
        FLOODGATE_KAFKA_TOPIC_PREFIX: prefix,
        FLOODGATE_KAFKA_GROUP: uniqueName('watched'),
      };
      const applied = await runCommand(applyTopics, { environment, timeoutMs: 60_000 });
      expect(applied).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('floodgate: ') });
      const one = await rig.serve(await rig.folder(), environment);
      const other = await rig.serve(await rig.folder(), environment);
      observed = await observeUnderLoad([one.url, other.url]);
      rig.onClose(() => observed.stop());
    }, 300_000);
    afterAll(() => rig.close(), 60_000);

    it('have data in every panel', () => {
      expect(observed.empty).toEqual([]);
      expect(observed.unrecorded).toEqual([]);
    });

    it('call nobody: no alert fires over instances that are well', async () => {
      expect(await observed.latest('ALERTS{alertstate="firing"}')).toEqual([]);
    });

    it('show each partition once, on the instance that reads it', async () => {
      expect(await observed.latest('sum(floodgate_kafka_assigned_partitions)')).toEqual([partitions]);
      expect(await observed.latest('floodgate_kafka_assigned_partitions')).toHaveLength(2);
      expect(await observed.latest('count by (partition) (floodgate_partition_lag_records)')).toEqual(
        Array.from({ length: partitions }, () => 1),
      );
    });

    it('show what the traffic was, over both instances', async () => {
      const [sums] = jsonLines<{ sent: number; passed: boolean }>(observed.traffic);
      expect(sums).toMatchObject({ passed: true });
      expect(await observed.latest('sum(floodgate_decisions_total)')).toEqual([sums?.sent]);
      const [committed] = await observed.latest('sum(floodgate_kafka_transactions_total{result="committed"})');
      expect(committed).toBeGreaterThan(0);
      expect(new Set(await observed.latest('floodgate_index_version')).size).toBe(1);
    });
  },
  'prometheus',
);
