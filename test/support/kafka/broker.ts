/** A real Apache Kafka of one node (KRaft) for tests, started as a Java process of its own. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Listener, listenerProperties, type Properties, settingsText } from './broker-settings.ts';
import { freePorts } from './free-ports.ts';
import { type JavaProcess, runJava, startJava, tailOf } from './java-process.ts';
import { kafkaJars } from './kafka-jars.ts';
import { waitUntilReady } from './readiness.ts';

const readyTimeoutMs = 60_000;

export interface Broker {
  /** host:port, as advertised. */
  readonly brokers: readonly string[];
  readonly port: number;
  /** Of the present process: it changes with a restart. */
  readonly pid: number;
  /** Ends it at once, with nothing flushed; resolves when the process is gone. */
  kill(): Promise<void>;
  /** The process stands still and its connections stay open. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same ports and data; ends it in good order before, unless it was killed. */
  restart(): Promise<void>;
  /** Ends it and deletes its data; data in a folder of the caller's are kept, and flushed. */
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** Settings of the broker over those of server.properties. */
  readonly properties?: Properties;
  /** Where to keep the data; without it, a temporary folder. */
  readonly folder?: string;
  readonly port?: number;
  /** What clients are to connect to, given the broker's own address as host:port: a proxy before it, for example. */
  readonly advertised?: (address: string) => string | Promise<string>;
}

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const jars = await kafkaJars();
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'floodgate-kafka-'));
  try {
    const plan = await planBroker(options, folder);
    await formatStorage(jars, plan);
    return await runBroker(jars, plan);
  } catch (error) {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Plan {
  readonly folder: string;
  readonly isTemporary: boolean;
  readonly settingsFile: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly client: Listener;
  readonly internal: Listener;
}

async function planBroker(options: BrokerOptions, folder: string): Promise<Plan> {
  mkdirSync(folder, { recursive: true });
  const [port = 0, internalPort = 0, controllerPort = 0] = [
    ...(options.port === undefined ? [] : [options.port]),
    ...(await freePorts(3)),
  ];
  const address = `127.0.0.1:${port}`;
  const advertised = (await options.advertised?.(address)) ?? address;
  const client: Listener = { name: 'PLAINTEXT', protocol: 'PLAINTEXT', port, advertised };
  const internalAddress = `127.0.0.1:${internalPort}`;
  const internal: Listener = {
    name: 'INTERNAL',
    protocol: 'PLAINTEXT',
    port: internalPort,
    advertised: internalAddress,
  };
  const plan: Plan = {
    folder,
    isTemporary: options.folder === undefined,
    settingsFile: join(folder, 'server.properties'),
    dataFolder: join(folder, 'data'),
    logFile: join(folder, 'broker.log'),
    client,
    internal,
  };
  const properties = {
    'log.dirs': plan.dataFolder,
    ...listenerProperties([client, internal], controllerPort),
    ...options.properties,
  };
  writeFileSync(plan.settingsFile, settingsText(properties));
  return plan;
}

async function formatStorage(jars: string, plan: Plan): Promise<void> {
  if (existsSync(join(plan.dataFolder, 'meta.properties'))) return;
  // A cluster's id is a UUID in base64url.
  const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  await runJava(jars, 'kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', plan.settingsFile]);
}

async function runBroker(jars: string, plan: Plan): Promise<Broker> {
  const leftovers = plan.isTemporary ? [plan.folder] : [];
  const launch = async (): Promise<JavaProcess> => {
    const java = startJava(jars, 'kafka.Kafka', [plan.settingsFile], plan.logFile, leftovers);
    const failure = () => (java.isRunning() ? null : 'the broker ended while it started');
    try {
      await waitUntilReady(plan.internal.advertised, readyTimeoutMs, failure);
    } catch (error) {
      java.signal('SIGKILL');
      await java.ended;
      throw new Error(`Kafka did not start: ${error}\n${tailOf(plan.logFile)}`);
    }
    return java;
  };
  let java = await launch();
  const end = (signal: NodeJS.Signals) => endProcess(java, signal);
  return {
    brokers: [plan.client.advertised],
    port: plan.client.port,
    get pid() {
      return java.pid;
    },
    kill: () => end('SIGKILL'),
    pause: () => java.signal('SIGSTOP'),
    resume: () => java.signal('SIGCONT'),
    restart: async () => {
      await end('SIGTERM');
      java = await launch();
    },
    stop: async () => {
      await end(plan.isTemporary ? 'SIGKILL' : 'SIGTERM');
      if (plan.isTemporary) rmSync(plan.folder, { recursive: true, force: true });
    },
  };
}

async function endProcess(java: JavaProcess, signal: NodeJS.Signals): Promise<void> {
  // A process that stands still does not hear a request to end.
  java.signal('SIGCONT');
  java.signal(signal);
  const timer = setTimeout(() => java.signal('SIGKILL'), 15_000);
  await java.ended;
  clearTimeout(timer);
}
