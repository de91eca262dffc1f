import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AllowList, isPublicAddress, mayConnect } from '../../../src/fetch/address-guard.ts';

const refused = [
  ['0.0.0.0', 'this network'],
  ['10.0.0.1', 'private'],
  ['10.255.255.255', 'private, last'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.100.100.200', 'Alibaba metadata'],
  ['100.127.255.255', 'carrier-grade NAT, last'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['168.63.129.16', 'Azure metadata'],
  ['169.254.169.254', 'metadata'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private, last'],
  ['192.0.0.192', 'Oracle metadata'],
  ['192.0.2.1', 'documentation'],
  ['192.88.99.1', '6to4 relay'],
  ['192.168.1.1', 'private'],
  ['198.18.0.1', 'benchmarking'],
  ['198.19.255.255', 'benchmarking, last'],
  ['198.51.100.1', 'documentation'],
  ['203.0.113.1', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::127.0.0.1', 'IPv4-compatible'],
  ['::ffff:127.0.0.1', 'mapped loopback'],
  ['::ffff:7f00:1', 'mapped loopback in hexadecimal'],
  ['::ffff:8.8.8.8', 'mapped public address: written that way only to get around a check'],
  ['64:ff9b::7f00:1', 'NAT64'],
  ['64:ff9b:1::1', 'local NAT64'],
  ['100::1', 'discard'],
  ['2001::1', 'Teredo'],
  ['2001:2::1', 'benchmarking'],
  ['2001:10::1', 'ORCHID'],
  ['2001:db8::1', 'documentation'],
  ['2002:7f00:1::', '6to4 of loopback'],
  ['3fff::1', 'documentation'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'AWS metadata'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with a zone'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['not an address', 'text'],
  ['', 'nothing'],
] as const;

const open = [
  '8.8.8.8',
  '1.1.1.1',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.0.1',
  '172.32.0.1',
  '192.0.1.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
  '2001:4860:4860::8888',
];

describe('isPublicAddress', () => {
  it.each(refused)('refuses %s (%s)', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(open)('passes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  // Goal: no IPv6 spelling of an IPv4 address gets through, whatever the address.
  it('refuses every mapped, translated and 6to4 form of any IPv4 address', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const high = ((a << 8) | b).toString(16);
        const low = ((c << 8) | d).toString(16);
        for (const prefix of ['::ffff:', '64:ff9b::', '::'])
          expect(isPublicAddress(`${prefix}${high}:${low}`)).toBe(false);
        expect(isPublicAddress(`2002:${high}:${low}::1`)).toBe(false);
      }),
    );
  });
});

describe('AllowList', () => {
  const allow = new AllowList(['Store.Internal', 'minio_1', '10.1.2.3', '192.168.0.0/16', 'fd00::/8', '::1']);

  it.each([
    ['10.1.2.3', true],
    ['10.1.2.4', false],
    ['192.168.7.7', true],
    ['172.16.0.1', false],
    ['fd12::1', true],
    ['fc12::1', false],
    ['::1', true],
    ['::2', false],
    ['8.8.8.8', true],
    ['127.0.0.1', false],
  ])('%s may be connected to: %s', (address, expected) => {
    expect(mayConnect(address, allow)).toBe(expected);
  });

  it('knows host names in any case, and only whole ones', () => {
    expect(allow.hasName('store.internal')).toBe(true);
    expect(allow.hasName('STORE.internal')).toBe(true);
    expect(allow.hasName('minio_1')).toBe(true);
    expect(allow.hasName('evil.store.internal')).toBe(false);
    expect(allow.hasName('internal')).toBe(false);
  });

  it.each(['http://x', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0/8', '1.2.3', 'a b', '', '-x', '*.internal'])(
    'refuses the entry "%s"',
    (entry) => {
      expect(() => new AllowList([entry])).toThrow(expect.objectContaining({ code: 'invalid_config' }));
    },
  );
});
