import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { separateAnswersOfConnections } from '../../../../src/log/kafka/answer-framing.ts';
import { createClient } from '../../../../src/log/kafka/client.ts';
import { Connection } from '../../../../src/log/kafka/internals.ts';

interface Client {
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  send(of: object): Promise<string>;
}

const Encoder: new () => object = createRequire(import.meta.url)('kafkajs/src/protocol/encoder.js');
const original = Connection.prototype.connect;

/** Length, correlation id, text. */
function answerTo(request: Buffer, text: string): Buffer {
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(4 + text.length, 0);
  // After the length, and the key and version of the request.
  request.copy(frame, 4, 8, 12);
  return Buffer.concat([frame, Buffer.from(text)]);
}

function makeClient(port: number): Client {
  const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };
  const Constructor = Connection as unknown as new (options: object) => Client;
  return new Constructor({
    host: '127.0.0.1',
    port,
    socketFactory: ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) =>
      connect({ host, port }, onConnect),
    logger: { namespace: () => silent },
    requestTimeout: 300,
    connectionTimeout: 1_000,
  });
}

function ask(client: Client): Promise<string> {
  return client.send({
    request: { apiKey: 3, apiVersion: 0, apiName: 'Metadata', encode: async () => new Encoder() },
    response: {
      decode: async (payload: Buffer) => payload.toString(),
      parse: async (text: string) => text,
    },
  });
}

describe('the answers on a connection', () => {
  let broker: Server;
  let client: Client;
  /** What the broker does with the request of each connection in turn. */
  let turns: ((socket: Socket, request: Buffer) => void)[];
  const whole = (socket: Socket, request: Buffer) => socket.write(answerTo(request, 'whole'));
  const torn = (socket: Socket, request: Buffer) => socket.end(answerTo(request, 'x'.repeat(200)).subarray(0, 100));

  beforeEach(async () => {
    Connection.prototype.connect = original;
    broker = createServer({ allowHalfOpen: true }, (socket) => {
      const turn = turns.shift() ?? whole;
      socket.on('error', () => undefined).on('data', (request) => turn(socket, request));
    });
    await once(broker.listen(0, '127.0.0.1'), 'listening');
    client = makeClient((broker.address() as AddressInfo).port);
  });
  afterEach(async () => {
    Connection.prototype.connect = original;
    await client.disconnect();
    broker.close();
  });

  async function askTorn(): Promise<void> {
    turns = [torn];
    await client.connect();
    await expect(ask(client)).rejects.toThrow('Closed connection');
    await client.connect();
  }

  // Goal: a broker that is killed while it sends would silence the process for good. Shown first without the patch.
  it('are not understood any more after one that came by half, as the client has it', async () => {
    await askTorn();
    await expect(ask(client)).rejects.toThrow('timed out');
    await expect(ask(client)).rejects.toThrow('timed out');
  });

  it('are understood after one that came by half, as this log has its client', async () => {
    createClient({ brokers: ['127.0.0.1:1'] }, () => undefined);
    separateAnswersOfConnections();
    await askTorn();
    expect(await ask(client)).toBe('whole');
  });

  it('are not mixed with what still comes on the connection before, once they are separated', async () => {
    separateAnswersOfConnections();
    let before: Socket | undefined;
    turns = [
      (socket, request) => {
        before = socket;
        whole(socket, request);
      },
    ];
    await client.connect();
    await ask(client);
    await client.disconnect();
    await client.connect();
    before?.write(Buffer.from([0, 0, 1, 0, 7]));
    await sleep(50);
    expect(await ask(client)).toBe('whole');
    before?.destroy();
  });
});
