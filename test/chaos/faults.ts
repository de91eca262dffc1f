/** What is done to the processors, the broker and the network while uploads flow, drawn from a seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../src/demo/random.ts';
import type { Broker } from '../support/kafka/broker.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import type { Processors } from './processors.ts';

export interface FaultCounts {
  kills: number;
  pauses: number;
  brokerRestarts: number;
  resets: number;
  stalls: number;
}

export interface FaultParts {
  readonly broker: Broker;
  readonly proxy: TcpProxy;
  readonly processors: Processors;
  readonly count: number;
  readonly kills: number;
  readonly seed: number;
  readonly seconds: number;
  readonly sessionTimeoutMs: number;
  readonly onFault: (what: string) => void;
}

/** The broker is killed after every so many processors. */
const killsPerBrokerRestart = 6;

export async function inflictFaults(parts: FaultParts): Promise<FaultCounts> {
  const { processors, proxy, broker, kills, count, sessionTimeoutMs, onFault } = parts;
  const random = createRandom(parts.seed + 17);
  const counts: FaultCounts = { kills: 0, pauses: 0, brokerRestarts: 0, resets: 0, stalls: 0 };
  const roundMs = (parts.seconds * 1000) / Math.max(1, kills);
  const running: Promise<unknown>[] = [];
  for (let round = 0; round < kills; round += 1) {
    const endsMs = performance.now() + roundMs;
    const [victim, other] = [random.whole(0, count - 1), random.whole(0, count - 1)];
    onFault(`kill -9 of processor ${victim}`);
    running.push(processors.kill(victim, random.chance(0.5)));
    counts.kills += 1;
    await sleep(roundMs / 4);
    onFault('all connections reset');
    proxy.resetAll();
    counts.resets += 1;
    await sleep(roundMs / 8);
    const pauseMs = random.chance(0.5) ? 700 : sessionTimeoutMs + 1_500;
    onFault(`processor ${other} stands still for ${pauseMs} ms`);
    running.push(processors.standStill(other, pauseMs));
    counts.pauses += 1;
    if (round % killsPerBrokerRestart === killsPerBrokerRestart - 1 || (kills < killsPerBrokerRestart && round === 0)) {
      onFault('kill -9 of the broker');
      await broker.kill();
      await broker.restart();
      counts.brokerRestarts += 1;
    } else if (random.chance(0.5)) {
      onFault('a silent network');
      proxy.pauseTraffic();
      await sleep(400);
      proxy.resumeTraffic();
      counts.stalls += 1;
    }
    await sleep(Math.max(0, endsMs - performance.now()));
  }
  await Promise.all(running);
  return counts;
}
