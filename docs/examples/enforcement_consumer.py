"""An enforcement service in one file: consumes Floodgate's decisions and acts on each of them.

    pip install confluent-kafka==2.16.1
    KAFKA_BROKERS=localhost:9092 ENFORCE_COMMAND=./enforce.sh python3 enforcement_consumer.py

The command is run as `enforce.sh <outcome> <uploadId>` with the decision as JSON on its standard input; without one a line
is printed. What it keeps to, and what a service of your own must keep to as well:

- It reads committed records only: those of an aborted transaction were never decided.
- It acts on a decision once, by its `decisionId`, and never goes back to a lower revision of an upload. Both hold through
  restarts, because what was done is written down before the offset is committed.
- It commits an offset after the action, never before. A crash in between repeats the action, so make it idempotent.
- It stops in good order on SIGTERM, and with an error when an action keeps failing; whoever restarts it goes on there.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

from confluent_kafka import Consumer, KafkaException

BROKERS = os.environ.get("KAFKA_BROKERS", "localhost:9092")
TOPIC = os.environ.get("DECISIONS_TOPIC", "floodgate.decisions.v1")
GROUP = os.environ.get("CONSUMER_GROUP", "enforcement")
COMMAND = os.environ.get("ENFORCE_COMMAND")
ATTEMPTS_MAX = 5


class Enforced:
    """In a service of your own this is a table of your database, written in the transaction of the action."""

    def __init__(self, path):
        self._database = sqlite3.connect(path)
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS enforced (upload_id TEXT PRIMARY KEY, revision INTEGER, decision_id TEXT)"
        )

    def has(self, decision):
        row = self._database.execute(
            "SELECT revision, decision_id FROM enforced WHERE upload_id = ?", (decision["uploadId"],)
        ).fetchone()
        return row is not None and (row[1] == decision["decisionId"] or row[0] >= decision["revision"])

    def add(self, decision):
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO enforced VALUES (?, ?, ?)",
                (decision["uploadId"], decision["revision"], decision["decisionId"]),
            )

    def close(self):
        self._database.close()


def read_decision(value):
    """None when it cannot be read: told, and passed over, so that one record does not hold back all that follow."""
    try:
        decision = json.loads(value or b"")
        decision["decisionId"], decision["uploadId"], decision["revision"]
        return decision
    except (ValueError, KeyError, TypeError):
        return None


def act(decision):
    """The side effect. Returns when it is done; raises when it is not."""
    if not COMMAND:
        told = {name: decision[name] for name in ("outcome", "uploadId", "revision", "decisionId", "reason")}
        print(json.dumps(told), flush=True)
        return
    arguments = [COMMAND, decision["outcome"], decision["uploadId"]]
    subprocess.run(arguments, input=json.dumps(decision).encode(), check=True)


def act_with_retries(decision):
    # librdkafka sends heartbeats on a thread of its own; max.poll.interval.ms bounds how long this may take.
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return act(decision)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{decision['uploadId']}: attempt {attempt}: {error}", file=sys.stderr, flush=True)
            if attempt == ATTEMPTS_MAX:
                raise
            time.sleep(0.1 * 2**attempt)


def main():
    stopping = []
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.append(True))
    enforced = Enforced(os.environ.get("STATE_FILE", "enforced.sqlite"))
    consumer = Consumer(
        {
            "bootstrap.servers": BROKERS,
            "group.id": GROUP,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "allow.auto.create.topics": False,
        }
    )
    consumer.subscribe([TOPIC])
    try:
        while not stopping:
            message = consumer.poll(0.25)
            if message is None:
                continue
            if message.error():
                # What passes by itself is tried again by the client. What it cannot mend is for people.
                if message.error().fatal():
                    raise KafkaException(message.error())
                print(message.error(), file=sys.stderr, flush=True)
                continue
            decision = read_decision(message.value())
            if decision is None:
                place = f"{message.topic()}/{message.partition()}/{message.offset()}"
                print(f"{place} is not a decision", file=sys.stderr, flush=True)
            elif not enforced.has(decision):
                act_with_retries(decision)
                enforced.add(decision)
            # One commit a record is plain; commit every second where there are many.
            consumer.commit(message=message, asynchronous=False)
    finally:
        # Leaves the group, so that others take over at once.
        consumer.close()
        enforced.close()


if __name__ == "__main__":
    main()
