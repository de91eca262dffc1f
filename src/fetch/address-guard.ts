/**
 * Which addresses content may be fetched from. Pure.
 *
 * IPv4 is refused by list (IANA's special-purpose registry, multicast, reserved, and the one public address that is a
 * cloud's metadata service). IPv6 is the other way round: only global unicast is open, less what embeds or tunnels to
 * other addresses, so that mapped, translated and yet unassigned ranges are refused without being listed.
 */
import { BlockList, isIP } from 'node:net';
import { FloodgateError } from '../errors.ts';

const refusedIpv4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT; Alibaba's metadata service
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // Azure's metadata service
  '169.254.0.0/16', // link-local; the metadata service of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; Oracle's metadata service
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];

const globalIpv6 = ['2000::/3'];

const refusedGlobalIpv6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
];

const refused4 = subnets(refusedIpv4);
const global6 = subnets(globalIpv6);
const refused6 = subnets(refusedGlobalIpv6);

/** False for everything that is not plainly a public address, text that is no address included. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refused4.check(address, 'ipv4');
  // A zone ("fe80::1%eth0") exists for link-local addresses only.
  if (family !== 6 || address.includes('%')) return false;
  return global6.check(address, 'ipv6') && !refused6.check(address, 'ipv6');
}

/** What an operator has opened: host names, addresses and CIDR ranges. */
export class AllowList {
  readonly #names = new Set<string>();
  readonly #addresses = new BlockList();

  /** Throws invalid_config for an entry that is none of the three. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      if (isIP(entry) !== 0) addSubnet(this.#addresses, `${entry}/${isIP(entry) === 4 ? 32 : 128}`);
      else if (isSubnet(entry)) addSubnet(this.#addresses, entry);
      else if (isHostName(entry)) this.#names.add(entry.toLowerCase());
      else {
        throw new FloodgateError(
          'invalid_config',
          `FLOODGATE_FETCH_ALLOW: "${entry}" is not a host name, an address or a CIDR range`,
        );
      }
    }
  }

  /** `host` is a host name, of any case. */
  hasName(host: string): boolean {
    return this.#names.has(host.toLowerCase());
  }

  hasAddress(address: string): boolean {
    const family = isIP(address);
    if (family === 0 || address.includes('%')) return false;
    return this.#addresses.check(address, family === 4 ? 'ipv4' : 'ipv6');
  }
}

/** True when `address` is public or opened by the operator. */
export function mayConnect(address: string, allow: AllowList): boolean {
  return isPublicAddress(address) || allow.hasAddress(address);
}

function isSubnet(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) return false;
  return Number(prefix) <= (family === 4 ? 32 : 128);
}

function isHostName(text: string): boolean {
  return /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(text) && !/^[\d.]+$/.test(text);
}

function subnets(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) addSubnet(list, range);
  return list;
}

function addSubnet(list: BlockList, range: string): void {
  const [address = '', prefix] = range.split('/');
  list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
}
