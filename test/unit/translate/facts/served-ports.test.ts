import { expect, test } from '@jest/globals';
import { servedPorts } from '../../../../operator/translate/facts/served-ports.ts';
import type { PortView, ServiceView } from '../../../../operator/translate/facts/service-view.ts';

type Target = readonly [pod: string, port: number];

function serviceOf(
  name: string,
  port: Pick<PortView, 'protocol' | 'isDeclared'>,
  targets: readonly Target[],
): ServiceView {
  const origin = { kind: 'Service', namespace: 'shop', name, generation: 1 };
  const all = targets.map(([key, number]) => ({ workload: { key }, port: number }));
  return { origin, ports: [{ key: `shop/${name}/80`, ...port, targets: all }] } as unknown as ServiceView;
}

test('workloads that are served alike share what is known of it, others do not', () => {
  const served = servedPorts([
    serviceOf('first', { protocol: 'TCP', isDeclared: false }, [
      ['a', 8080],
      ['b', 8080],
      ['c', 9090],
      ['d', 8080],
    ]),
    serviceOf('second', { protocol: 'HTTP', isDeclared: true }, [
      ['a', 8080],
      ['b', 8080],
      ['c', 9090],
    ]),
  ]);
  const said = (pod: string): unknown =>
    [...(served.get(pod) ?? [])].map(([port, { protocol, servicePorts, services }]) => [
      port,
      protocol,
      servicePorts,
      services.map(({ name }) => name),
    ]);
  const both = ['HTTP', ['shop/first/80', 'shop/second/80'], ['first', 'second']];

  expect(['a', 'b', 'c', 'd'].map(said)).toEqual([
    [[8080, ...both]],
    [[8080, ...both]],
    [[9090, ...both]],
    [[8080, 'TCP', ['shop/first/80'], ['first']]],
  ]);
  expect([served.get('a') === served.get('b'), served.get('a') === served.get('d')]).toEqual([true, false]);
});
