import { expect, test } from '@jest/globals';
import { convert } from '../../../../operator/platform/kubernetes/convert.ts';

const meta = { name: 'a', namespace: 'shop', resourceVersion: '7' };

test('drops what nobody reads: managed fields, the last applied manifest, the rest of spec and status', () => {
  const converted = convert('Service', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...meta,
      managedFields: [{ manager: 'kubectl' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', owner: 'shop' },
    },
    spec: {
      clusterIP: '10.0.0.1',
      ports: [{ port: 80, targetPort: 'http', nodePort: 30000 }],
      sessionAffinity: 'None',
    },
    status: { loadBalancer: {} },
  });

  expect(converted).toEqual({
    kind: 'Service',
    metadata: { ...meta, annotations: { owner: 'shop' } },
    spec: { clusterIP: '10.0.0.1', ports: [{ port: 80, targetPort: 'http' }] },
  });
});

test('keeps conditions and zone of endpoints, and reads null as an empty list', () => {
  const slice = { kind: 'EndpointSlice', metadata: meta, addressType: 'IPv4' };
  const endpoint = {
    addresses: ['10.0.0.1'],
    conditions: { ready: false, serving: true, terminating: true },
    zone: 'b',
  };

  expect([
    convert('EndpointSlice', {
      ...slice,
      endpoints: [{ ...endpoint, hostname: 'x' }],
      ports: [{ name: '', port: 80 }],
    }),
    convert('EndpointSlice', { ...slice, endpoints: null, ports: null }),
  ]).toEqual([
    { ...slice, endpoints: [endpoint], ports: [{ name: '', port: 80 }] },
    { ...slice, endpoints: [], ports: [] },
  ]);
});

test('keeps the time of deletion, which comes before the endpoint leaves its slice', () => {
  const pod = {
    kind: 'Pod',
    metadata: { ...meta, deletionTimestamp: '2026-01-02T03:04:05Z' },
    spec: { containers: [] },
  };

  expect(convert('Pod', pod)).toEqual(pod);
});

test('refuses what is not an object of the kind', () => {
  expect(() => convert('Service', { kind: 'Service', metadata: {} })).toThrow('expected string');
});
