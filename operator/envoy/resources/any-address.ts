// Where the listeners of intercepted workloads are bound: every address of the pod, of both families where it has both. Not
// where it has none of IPv6: a kernel without it would refuse the listener.
import type { WorkloadIr } from '../../ir/mesh-ir.ts';
import { authority } from './names.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';

export interface BoundAddresses {
  readonly address: EnvoyMessage;
  readonly additional_addresses?: readonly EnvoyMessage[];
}

export function hasIpv6({ intercepted, addresses }: Pick<WorkloadIr, 'intercepted' | 'addresses'>): boolean {
  return intercepted && addresses.some((address) => address.includes(':'));
}

export function anyAddress(port: number, ipv6: boolean): BoundAddresses {
  const address = socketAddress('0.0.0.0', port);
  return ipv6 ? { address, additional_addresses: [{ address: socketAddress('::', port) }] } : { address };
}

/** What anyAddress takes: no two listeners may. */
export function anyAddressKeys(port: number, ipv6: boolean): readonly string[] {
  return [authority('0.0.0.0', port), ...(ipv6 ? [authority('::', port)] : [])];
}

function socketAddress(address: string, port: number): EnvoyMessage {
  return { socket_address: { address, port_value: port } };
}
