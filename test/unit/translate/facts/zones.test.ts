// Where workloads are, as far as labels and EndpointSlices say it.
import { expect, test } from '@jest/globals';
import type { EndpointSlice, Pod } from '../../../../operator/objects/objects.ts';
import { createZoneFinder } from '../../../../operator/translate/facts/zones.ts';
import { meshedPod } from '../../../support/builders.ts';

const sliceOf = (name: string, ...nodes: readonly (readonly [string, string?])[]): EndpointSlice => ({
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'shop' },
  addressType: 'IPv4',
  endpoints: nodes.map(([nodeName, zone]) => ({
    addresses: ['10.0.0.1'],
    nodeName,
    ...(zone !== undefined && { zone }),
  })),
});

const inNamespace = (namespace: string, slice: EndpointSlice): EndpointSlice => ({
  ...slice,
  metadata: { ...slice.metadata, namespace },
});

const podOn = (nodeName: string, labels: Readonly<Record<string, string>> = {}): Pod => {
  const pod = meshedPod('page', 'page', '10.0.0.9');
  return { ...pod, metadata: { ...pod.metadata, labels }, spec: { ...pod.spec, nodeName } };
};

function zoneOf(slices: readonly EndpointSlice[], source: Pod): string | null {
  return createZoneFinder()(true, slices)({
    source,
    labels: source.metadata.labels ?? {},
    namespace: source.metadata.namespace ?? '',
  });
}

test('that of its Node, whatever Service tells it', () => {
  expect(zoneOf([sliceOf('x', ['node-1', 'a']), sliceOf('y', ['node-2', 'b'])], podOn('node-2'))).toBe('b');
});

test('its label takes precedence', () => {
  const pod = podOn('node-1', { 'topology.kubernetes.io/zone': 'c' });

  expect(zoneOf([sliceOf('x', ['node-1', 'a'])], pod)).toBe('c');
});

test('where slices contradict each other, the first one counts', () => {
  expect(zoneOf([sliceOf('x', ['node-1', 'a']), sliceOf('y', ['node-1', 'b'])], podOn('node-1'))).toBe('a');
});

test('slices of other namespaces do not move a workload', () => {
  const forged = inNamespace('evil', sliceOf('a', ['node-1', 'moon'], ['node-2', 'moon']));
  const slices = [
    forged,
    inNamespace('qa', sliceOf('x', ['node-2', 'b'])),
    sliceOf('x', ['node-1', 'a']),
    inNamespace('web', sliceOf('x', ['node-2', 'b'])),
  ];

  expect(zoneOf(slices, podOn('node-1'))).toBe('a');
  expect(zoneOf(slices, podOn('node-2'))).toBe('b');
});

test('a Node of which no slice names the zone is anywhere', () => {
  expect(zoneOf([sliceOf('x', ['node-1', 'a'], ['node-2'])], podOn('node-2'))).toBeNull();
});

test('the same function while Nodes are where they were, so that a change of endpoints concerns no workload', () => {
  const find = createZoneFinder();
  const before = find(true, [sliceOf('x', ['node-1', 'a'], ['node-2', 'b'])]);

  expect(find(true, [sliceOf('x', ['node-2', 'b']), sliceOf('y', ['node-1', 'a'])])).toBe(before);
  expect(find(true, [sliceOf('x', ['node-2', 'b'])])).not.toBe(before);
});

test('where nobody asks, nothing is known', () => {
  const pod = podOn('node-1', { 'topology.kubernetes.io/zone': 'c' });

  expect(
    createZoneFinder()(false, [])({ source: pod, labels: pod.metadata.labels ?? {}, namespace: 'shop' }),
  ).toBeNull();
});
