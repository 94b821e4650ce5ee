// A port of the node that leads to a Pod, as kube-proxy makes it: from outside by the node's address, from the node by its loopback address, too; the
// Pod sees the node call. Entry: openNodePort.
import type { Namespace } from './namespace.ts';

export interface NodePort {
  readonly port: number;
  /** Of the Pod. */
  readonly to: { readonly address: string; readonly port: number };
}

export async function openNodePort(node: Namespace, { port, to }: NodePort): Promise<void> {
  await node.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  await node.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet');
  const nat = ['iptables', '-t', 'nat', '-A'];
  const called = ['-p', 'tcp', '--dport', String(port), '-m', 'addrtype', '--dst-type', 'LOCAL'];
  const target = ['-j', 'DNAT', '--to-destination', `${to.address}:${to.port}`];
  await node.run(...nat, 'PREROUTING', ...called, ...target);
  await node.run(...nat, 'OUTPUT', ...called, ...target);
  await node.run(...nat, 'POSTROUTING', '-m', 'conntrack', '--ctstate', 'DNAT', '-j', 'MASQUERADE');
}
