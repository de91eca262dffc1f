/**
 * Publishes one upload event, as an upload service does.
 *
 *   KAFKA_BROKERS=localhost:9092 node publish-upload.js upload-8c1f https://uploads.example/8c1f.mp4
 *
 * The event has an id of its own: sent again with the same id it is a redelivery and changes nothing, so a producer that
 * does not know whether a send arrived sends it again. A new id for the same upload asks for a new decision.
 */
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';

const { KAFKA_BROKERS = 'localhost:9092', UPLOADS_TOPIC = 'floodgate.uploads.v1' } = process.env;

async function publish(uploadId: string, uri: string, eventId: string): Promise<void> {
  const kafka = new kafkajs.Kafka({ clientId: 'uploads', brokers: KAFKA_BROKERS.split(',') });
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    // Kafka's own partitioner (murmur2): the events of one upload stay in order, whichever client sends them.
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const time = new Date().toISOString();
  await producer.send({
    topic: UPLOADS_TOPIC,
    // Written by all replicas that are in sync before it counts as sent.
    acks: -1,
    messages: [
      {
        key: uploadId,
        value: JSON.stringify({ uploadId, content: { uri }, uploadedAt: time }),
        headers: {
          ce_specversion: '1.0',
          ce_id: eventId,
          ce_source: '/uploads/example',
          ce_type: 'io.floodgate.upload.v1',
          ce_time: time,
          ce_subject: uploadId,
          'content-type': 'application/json',
        },
      },
    ],
  });
  await producer.disconnect();
}

const [uploadId, uri, eventId = randomUUID()] = process.argv.slice(2);
if (uploadId === undefined || uri === undefined) {
  process.stderr.write('usage: publish-upload UPLOAD_ID URI [EVENT_ID]\n');
  process.exitCode = 2;
} else {
  await publish(uploadId, uri, eventId);
  process.stdout.write(`${eventId}\n`);
}
