"""Publishes one upload event, as an upload service does.

    pip install confluent-kafka==2.16.1
    KAFKA_BROKERS=localhost:9092 python3 publish_upload.py upload-8c1f https://uploads.example/8c1f.mp4

The event has an id of its own: sent again with the same id it is a redelivery and changes nothing, so a producer that does
not know whether a send arrived sends it again. A new id for the same upload asks for a new decision.
"""

import datetime
import json
import os
import sys
import uuid

from confluent_kafka import Producer

BROKERS = os.environ.get("KAFKA_BROKERS", "localhost:9092")
TOPIC = os.environ.get("UPLOADS_TOPIC", "floodgate.uploads.v1")


def publish(upload_id, uri, event_id):
    failures = []
    producer = Producer(
        {
            "bootstrap.servers": BROKERS,
            "acks": "all",
            "enable.idempotence": True,
            # As Kafka's own clients have it. The default of librdkafka puts the events of one upload elsewhere.
            "partitioner": "murmur2_random",
        }
    )
    time = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    producer.produce(
        TOPIC,
        key=upload_id,
        value=json.dumps({"uploadId": upload_id, "content": {"uri": uri}, "uploadedAt": time}),
        headers={
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_source": "/uploads/example",
            "ce_type": "io.floodgate.upload.v1",
            "ce_time": time,
            "ce_subject": upload_id,
            "content-type": "application/json",
        },
        on_delivery=lambda error, _: failures.append(error) if error else None,
    )
    left = producer.flush(30)
    if failures or left:
        sys.exit(f"not published: {failures[0] if failures else 'no answer from the brokers'}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: publish_upload.py UPLOAD_ID URI [EVENT_ID]")
    given_id = sys.argv[3] if len(sys.argv) == 4 else str(uuid.uuid4())
    publish(sys.argv[1], sys.argv[2], given_id)
    print(given_id)
