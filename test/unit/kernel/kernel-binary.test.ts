/** Goal: a kernel that does not fit the host is found out on load, and whatever it throws comes out as kernel_failed. */
import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import {
  callKernel,
  checkCapacities,
  createSharedMemory,
  instantiateKernel,
  instantiateOn,
} from '../../../src/kernel/kernel-binary.ts';

const { capacities } = instantiateKernel('release');
const searcher = () => instantiateOn('release', createSharedMemory(65_536)).calls;

describe('checkCapacities', () => {
  it('accepts the kernel as built', () => {
    expect(() => checkCapacities(capacities)).not.toThrow();
  });

  it.each([
    ['abiVersion', 2],
    ['hashBytes', 16],
    ['frameSideMax', 1024],
    ['frameBytesMax', capacities.frameBytesMax - 1],
    ['grayPlaneSide', 64],
    ['grayPlanesMax', 8],
    ['medianPlanesMax', 7],
    ['radiusBitsMax', 31],
    ['queriesMax', 8],
    ['hitsMax', 100],
    ['indexHashesMax', 1000],
  ] as const)('refuses a kernel whose %s is %i', (name, value) => {
    expect(() => checkCapacities({ ...capacities, [name]: value })).toThrow(
      expect.objectContaining({ code: 'kernel_failed', message: expect.stringContaining(name) }),
    );
  });
});

describe('callKernel', () => {
  it('decodes the text and the place of a failed assertion', () => {
    expect(() => callKernel(() => searcher().search(1, 31, 1, 0))).toThrow(
      /the instance was not started for this at assembly\/abi\/part\.ts:\d+/,
    );
  });

  it('keeps an instance to one of its parts', () => {
    const both = searcher();
    callKernel(() => both.startIndex(1000));
    expect(() => callKernel(() => both.startBuilder(10))).toThrow(/plays one part/);
  });

  it('turns any throw into kernel_failed and keeps the cause', () => {
    const trap = new RangeError('out of bounds');
    const thrower = () => {
      throw trap;
    };
    expect(() => callKernel(thrower)).toThrow(expect.objectContaining({ code: 'kernel_failed', cause: trap }));
  });

  it('passes an error with a code through', () => {
    const full = new FloodgateError('bank_full', 'full');
    const thrower = () => {
      throw full;
    };
    expect(() => callKernel(thrower)).toThrow(full);
  });
});
