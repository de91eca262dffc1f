/**
 * `npm run kafka -- [--port N] [--data DIR]`: a broker on 127.0.0.1 until Ctrl-C, with the settings of the tests, for
 * development without containers. Without --data it keeps nothing.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from './broker.ts';
import { kafkaVersion } from './kafka-jars.ts';

const defaultPort = '19092';

async function serveBroker(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, data: { type: 'string' } } });
  const port = Number(values.port ?? defaultPort);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('--port takes a number from 1 to 65535');
  const broker = await startBroker({ port, ...(values.data === undefined ? {} : { folder: resolve(values.data) }) });
  process.stdout.write(`Kafka ${kafkaVersion()} on ${broker.brokers.join()}, until Ctrl-C\n`);
  const interrupt = new Promise<void>((interrupted) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted());
  });
  await Promise.race([interrupt, broker.ended()]);
  await broker.stop();
}

serveBroker().catch((error) => {
  process.stderr.write(`kafka: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
