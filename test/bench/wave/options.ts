/** How the bench is asked for. */
import { parseArgs } from 'node:util';
import { type ArrivalKind, arrivalKinds } from './schedule.ts';
import type { MediaWishes } from './wave-media.ts';

export const stageNames = ['steady', 'sustained', 'overload'] as const;
export type StageName = (typeof stageNames)[number];

export interface WaveOptions extends MediaWishes {
  readonly json: boolean;
  /** Uploads a second of the day as it was. */
  readonly rate: number;
  /** Length of the stage "steady". */
  readonly seconds: number;
  readonly stages: readonly StageName[];
  readonly arrivals: ArrivalKind;
  readonly hashes: number;
  readonly warmUpSeconds: number;
  readonly stepSeconds: number;
  readonly stepsMax: number;
  readonly overloadFactor: number;
  readonly overloadSeconds: number;
  /** How long after the overload the bench waits for the service to recover. */
  readonly recoverySecondsMax: number;
}

export function readOptions(args: readonly string[]): WaveOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      rate: { type: 'string', default: '17.4' },
      seconds: { type: 'string', default: '60' },
      stages: { type: 'string', default: stageNames.join(',') },
      arrivals: { type: 'string', default: 'poisson' },
      copies: { type: 'string', default: '60' },
      unrelated: { type: 'string', default: '30' },
      incident: { type: 'string' },
      drawn: { type: 'boolean', default: false },
      hashes: { type: 'string', default: '1000000' },
      'warm-up-seconds': { type: 'string', default: '15' },
      'step-seconds': { type: 'string', default: '25' },
      steps: { type: 'string', default: '8' },
      'overload-factor': { type: 'string', default: '10' },
      'overload-seconds': { type: 'string', default: '20' },
      'recovery-seconds': { type: 'string', default: '300' },
    },
  });
  return {
    json: values.json,
    seed: positive(values.seed, '--seed'),
    rate: positive(values.rate, '--rate'),
    seconds: positive(values.seconds, '--seconds'),
    stages: values.stages.split(',').map((name) => oneOf(name, stageNames, '--stages')),
    arrivals: oneOf(values.arrivals, arrivalKinds, '--arrivals'),
    copies: positive(values.copies, '--copies'),
    unrelated: positive(values.unrelated, '--unrelated'),
    incident: values.incident,
    drawn: values.drawn,
    hashes: positive(values.hashes, '--hashes'),
    warmUpSeconds: positive(values['warm-up-seconds'], '--warm-up-seconds'),
    stepSeconds: positive(values['step-seconds'], '--step-seconds'),
    stepsMax: positive(values.steps, '--steps'),
    overloadFactor: positive(values['overload-factor'], '--overload-factor'),
    overloadSeconds: positive(values['overload-seconds'], '--overload-seconds'),
    recoverySecondsMax: positive(values['recovery-seconds'], '--recovery-seconds'),
  };
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${name} takes a number above 0`);
}

function oneOf<const T extends string>(text: string, choices: readonly T[], name: string): T {
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new Error(`${name} takes ${choices.join(', ')}`);
}
