/**
 * A real Apache Kafka of one node (KRaft) for tests, started as a Java process of its own. Measured with Kafka 4.4.0 and
 * Java 17 on two cores that were otherwise idle: ready 2.5 s after the call, formatting of its storage included, and 170 MB
 * of resident memory then; ready again 3.4 s after a kill. With both cores busy, up to twice as long.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Credentials,
  makeCredentials,
  scramArguments,
  securedListeners,
  securityProperties,
} from './broker-security.ts';
import { type Listener, listenerProperties, type Properties, settingsText } from './broker-settings.ts';
import { freePorts } from './free-ports.ts';
import { type JavaProcess, runJava, startJava, tailOf } from './java-process.ts';
import { kafkaJars } from './kafka-jars.ts';
import { waitUntilReady } from './readiness.ts';

const readyTimeoutMs = 60_000;
const orderlyEndTimeoutMs = 15_000;

export interface Broker {
  /** host:port, as advertised; plaintext. */
  readonly brokers: readonly string[];
  /** The broker's own port, whatever it advertises. */
  readonly port: number;
  /** Another plaintext listener, host:port, that `advertised` does not change: around a proxy. */
  readonly direct: string;
  /** For further brokers of the same cluster. */
  readonly cluster: ClusterAddress;
  /** Of the present process: it changes with a restart. */
  readonly pid: number;
  /** Resolves when the present process is gone, however it ends. */
  ended(): Promise<void>;
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

export interface SecuredBroker extends Broker {
  /** host:port of each listener. */
  readonly listeners: Readonly<Record<'plaintext' | keyof typeof securedListeners, string>>;
  readonly credentials: Credentials;
}

export interface ClusterAddress {
  readonly id: string;
  /** Of the one controller, which is in the cluster's first broker. */
  readonly controllerPort: number;
}

export interface BrokerOptions {
  /** Joins the cluster of another broker, with this number, above 1; its own controller is left out. */
  readonly joins?: { readonly cluster: ClusterAddress; readonly nodeId: number };
  /** Settings of the broker over those of server.properties. */
  readonly properties?: Properties;
  /** Where to keep the data; without it, a temporary folder. */
  readonly folder?: string;
  readonly port?: number;
  /**
   * What clients of the plaintext listener are to connect to, given the broker's own address, host:port: the address of
   * a proxy before it, for example.
   */
  readonly advertised?: (address: string) => string | Promise<string>;
}

/** Resolves when the broker can be used: its metadata, and its coordinators of groups and of transactions. */
export function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  return inFolder(options.folder, async (folder, isTemporary) => {
    const plan = await planBroker(options, folder);
    return runBroker({ ...plan, isTemporary }, []);
  });
}

/** The same with more listeners: for TLS, mutual TLS, and SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512). Needs openssl. */
export function startSecuredBroker(options: Omit<BrokerOptions, 'folder'> = {}): Promise<SecuredBroker> {
  return inFolder(undefined, async (folder, isTemporary) => {
    const keys = join(folder, 'keys');
    const credentials = await makeCredentials(keys);
    const properties = { ...securityProperties(keys, credentials), ...options.properties };
    const plan = await planBroker({ ...options, properties }, folder, Object.values(securedListeners));
    const broker = await runBroker({ ...plan, isTemporary }, scramArguments(credentials));
    const addressOf = (name: string) => plan.listeners.find((each) => each.name === name)?.advertised ?? '';
    const listeners = {
      plaintext: plan.client.advertised,
      tls: addressOf(securedListeners.tls.name),
      mutualTls: addressOf(securedListeners.mutualTls.name),
      saslTls: addressOf(securedListeners.saslTls.name),
      saslPlaintext: addressOf(securedListeners.saslPlaintext.name),
    };
    // Not a copy, which would freeze the process id.
    return Object.assign(broker, { credentials, listeners });
  });
}

async function inFolder<T>(
  given: string | undefined,
  action: (folder: string, isTemporary: boolean) => Promise<T>,
): Promise<T> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'floodgate-kafka-'));
  mkdirSync(folder, { recursive: true });
  try {
    return await action(folder, given === undefined);
  } catch (error) {
    if (given === undefined) rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Plan {
  readonly cluster: ClusterAddress;
  readonly folder: string;
  readonly settingsFile: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly client: Listener;
  readonly internal: Listener;
  readonly listeners: readonly Listener[];
}

/** Chooses ports and writes the settings. */
async function planBroker(
  options: BrokerOptions,
  folder: string,
  more: readonly Pick<Listener, 'name' | 'protocol'>[] = [],
): Promise<Plan> {
  const [ownControllerPort = 0, clientPort = 0, ...ports] = await freePorts(3 + more.length);
  const { joins } = options;
  // A cluster's id is a UUID in base64url. One that begins with a dash would be taken for an option.
  const id = Buffer.from(`0${randomUUID().replaceAll('-', '').slice(1)}`, 'hex').toString('base64url');
  const cluster = joins?.cluster ?? { id, controllerPort: ownControllerPort };
  const listenOn = ({ name, protocol }: Pick<Listener, 'name' | 'protocol'>, port = 0): Listener => ({
    name,
    protocol,
    port,
    advertised: `127.0.0.1:${port}`,
  });
  const own = listenOn({ name: 'PLAINTEXT', protocol: 'PLAINTEXT' }, options.port ?? clientPort);
  const client = { ...own, advertised: (await options.advertised?.(own.advertised)) ?? own.advertised };
  const internal = listenOn({ name: 'INTERNAL', protocol: 'PLAINTEXT' }, ports[0]);
  const listeners = [client, internal, ...more.map((each, place) => listenOn(each, ports[1 + place]))];
  const settingsFile = join(folder, 'server.properties');
  const dataFolder = join(folder, 'data');
  const placed = {
    'log.dirs': dataFolder,
    ...listenerProperties(listeners, cluster.controllerPort, joins === undefined),
    ...(joins === undefined ? {} : { 'process.roles': 'broker', 'node.id': String(joins.nodeId) }),
  };
  writeFileSync(settingsFile, settingsText({ ...placed, ...options.properties }), { mode: 0o600 });
  const logFile = join(folder, 'broker.log');
  return { cluster, folder, settingsFile, dataFolder, logFile, client, internal, listeners };
}

async function runBroker(
  plan: Plan & { readonly isTemporary: boolean },
  formatArguments: readonly string[],
): Promise<Broker> {
  const jars = await kafkaJars();
  await formatStorage(jars, plan, formatArguments);
  const leftovers = plan.isTemporary ? [plan.folder] : [];
  const launch = () => launchBroker(jars, plan, leftovers);
  let java = await launch();
  return {
    brokers: [plan.client.advertised],
    port: plan.client.port,
    direct: plan.internal.advertised,
    cluster: plan.cluster,
    get pid() {
      return java.pid;
    },
    ended: () => java.ended,
    kill: () => endProcess(java, 'SIGKILL'),
    pause: () => java.signal('SIGSTOP'),
    resume: () => java.signal('SIGCONT'),
    restart: async () => {
      await endProcess(java, 'SIGTERM');
      java = await launch();
    },
    stop: async () => {
      await endProcess(java, plan.isTemporary ? 'SIGKILL' : 'SIGTERM');
      if (plan.isTemporary) rmSync(plan.folder, { recursive: true, force: true });
    },
  };
}

async function formatStorage(jars: string, plan: Plan, more: readonly string[]): Promise<void> {
  if (existsSync(join(plan.dataFolder, 'meta.properties'))) return;
  await runJava(jars, 'kafka.tools.StorageTool', ['format', '-t', plan.cluster.id, '-c', plan.settingsFile, ...more]);
}

async function launchBroker(jars: string, plan: Plan, leftovers: readonly string[]): Promise<JavaProcess> {
  const java = startJava(jars, 'kafka.Kafka', [plan.settingsFile], plan.logFile, leftovers);
  const failure = () => (java.isRunning() ? null : 'the broker ended while it started');
  try {
    await waitUntilReady(plan.internal.advertised, readyTimeoutMs, failure);
  } catch (error) {
    java.signal('SIGKILL');
    await java.ended;
    throw new Error(`Kafka did not start: ${(error as Error).message}\n${tailOf(plan.logFile)}`);
  }
  return java;
}

async function endProcess(java: JavaProcess, signal: NodeJS.Signals): Promise<void> {
  java.signal(signal);
  // A process that stands still does not hear a request to end.
  java.signal('SIGCONT');
  const timer = setTimeout(() => java.signal('SIGKILL'), orderlyEndTimeoutMs);
  await java.ended;
  clearTimeout(timer);
}
