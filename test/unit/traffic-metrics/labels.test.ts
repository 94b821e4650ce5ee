// What sidecars say becomes names of the mesh.
import { expect, test } from '@jest/globals';
import type { Pod } from '../../../operator/objects/objects.ts';
import { type Metric, noTags, type Tags } from '../../../operator/telemetry/point.ts';
import { createEnds } from '../../../operator/traffic-metrics/ends.ts';
import type { ExtraLabel } from '../../../operator/traffic-metrics/families.ts';
import { type Labels, labelled } from '../../../operator/traffic-metrics/labels.ts';
import {
  sampleEndpoint,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../../support/mesh-samples.ts';

function pod(name: string, ip: string, more: Partial<Pod['spec']> = {}): Pod {
  const metadata = { name, namespace: 'shop' };
  return { kind: 'Pod', metadata, spec: { containers: [], ...more }, status: { podIPs: [{ ip }] } };
}

const server = 'Pod/shop/reviews-1';
const endpoint = sampleEndpoint(9080, { mtls: true, workload: server });
const ir = sampleMesh({
  services: [
    sampleService('shop/everything/80', {
      peerIdentities: [spiffeId('reviews'), spiffeId('caller')],
      endpoints: [
        sampleEndpoint(7000, { workload: server }),
        sampleEndpoint(7000, { workload: 'Pod/shop/x' }),
      ],
    }),
    sampleService('shop/reviews/9080', {
      peerIdentities: [spiffeId('reviews')],
      endpoints: [endpoint],
      subsets: [{ name: 'v1', endpoints: [endpoint], origins: [] }],
    }),
    sampleService('shop/twin/80', { endpoints: [sampleEndpoint(7000, { workload: server })] }),
  ],
  workloads: [
    sampleWorkload('caller', { key: 'Pod/shop/caller-1', kind: 'Pod' }),
    sampleWorkload('reviews', { key: server, kind: 'Pod' }),
    sampleWorkload('shared-1', {
      identity: { namespace: 'shop', serviceAccount: 'default', spiffeId: spiffeId('default') },
    }),
    sampleWorkload('shared-2', {
      identity: { namespace: 'shop', serviceAccount: 'default', spiffeId: spiffeId('default') },
    }),
  ],
});
const owners = new Map([
  ['Pod/shop/caller-1', 'Deployment/caller'],
  [server, 'Deployment/reviews'],
  ['Pod/shop/legacy-1', 'DaemonSet/legacy'],
]);
const pods = [pod('legacy-1', '10.0.0.9'), pod('node-1', '192.0.2.1', { hostNetwork: true })];
const ends = createEnds(() => ({ ir, owners, pods }));

function labelsOf(workload: string, metric: Metric, tags: Partial<Tags>, extra: ExtraLabel[] = []): Labels {
  const point = { metric, tags: { ...noTags, ...tags }, count: 1, buckets: null };
  const found = labelled(workload, point, { ends, extra: new Set(extra) });
  if (found === null) throw new Error('not for Prometheus');
  return found.labels;
}

const inbound = { source: spiffeId('caller'), port: '9080', code: '200' };
const outbound = { destination: 'shop/reviews/9080/v1', peer: spiffeId('reviews'), code: '200' };

test('both sides of a call have the same labels, as far as they know them', () => {
  const both = {
    source_namespace: 'shop',
    source_workload: 'caller',
    source_service_account: 'caller',
    destination_namespace: 'shop',
    destination_workload: 'reviews',
    destination_service_account: 'reviews',
    destination_service_namespace: 'shop',
    destination_service: 'reviews',
    response_class: '2xx',
    grpc_status: '',
    mtls: 'true',
  };
  expect(labelsOf(server, 'inbound.requests', inbound)).toEqual({
    ...both,
    reporter: 'destination',
    destination_subset: '',
  });
  expect(labelsOf('Pod/shop/caller-1', 'outbound.requests', outbound)).toEqual({
    ...both,
    reporter: 'source',
    destination_subset: 'v1',
  });
});

test.each<[what: string, tags: Partial<Tags>, expected: Labels]>([
  ['a pod without a sidecar', { source: '10.0.0.9' }, { source_workload: 'legacy', mtls: 'false' }],
  ['an address of nobody', { source: '10.9.9.9' }, { source_workload: 'unknown', mtls: 'false' }],
  ['a pod on the network of its node', { source: '192.0.2.1' }, { source_workload: 'unknown' }],
  [
    'a service account of several workloads',
    { source: spiffeId('default') },
    { source_workload: 'unknown', source_service_account: 'default', mtls: 'true' },
  ],
  ['more callers than are told apart', { source: 'other' }, { source_workload: 'unknown', mtls: 'unknown' }],
  [
    'a port of no Service',
    { port: '1' },
    { destination_service: 'unknown', destination_workload: 'reviews' },
  ],
  ['a port of two Services', { port: '7000' }, { destination_service: 'unknown' }],
  ['no response', { code: '0' }, { response_class: 'none' }],
  ['a code that is none', { code: 'x"y' }, { response_class: 'other' }],
  ['gRPC', { grpc: '14' }, { grpc_status: '14' }],
  ['a status of gRPC that is none', { grpc: '4000' }, { grpc_status: 'other' }],
])('inbound from %s', (_what, tags, expected) => {
  expect(labelsOf(server, 'inbound.requests', { ...inbound, ...tags })).toMatchObject(expected);
});

test.each<[what: string, tags: Partial<Tags>, expected: Labels]>([
  [
    'hosts outside the mesh',
    { destination: 'passthrough', peer: '' },
    { destination_service: 'passthrough' },
  ],
  ['what has no route', { destination: '' }, { destination_service: 'unknown' }],
  ['what is no Service', { destination: 'shop/made-up/80' }, { destination_service: 'unknown' }],
  ['what is no subset', { destination: 'shop/reviews/9080/made-up' }, { destination_subset: '' }],
  ['a server without mutual TLS', { peer: '' }, { mtls: 'false' }],
  ['a server that cannot be reached', { peer: '', flags: 'UF', code: '503' }, { mtls: 'unknown' }],
  [
    'a Service of several service accounts',
    { destination: 'shop/everything/80' },
    { destination_service_account: 'unknown', destination_workload: 'unknown' },
  ],
])('outbound to %s', (_what, tags, expected) => {
  expect(labelsOf('Pod/shop/caller-1', 'outbound.requests', { ...outbound, ...tags })).toMatchObject(
    expected,
  );
});

test('labels that a Mesh asks for', () => {
  const all: ExtraLabel[] = ['Port', 'Route', 'ResponseCode', 'ResponseFlags'];
  const tags = { ...inbound, route: 'r', flags: 'UF,URX', code: '503' };
  expect(labelsOf(server, 'inbound.requests', tags, all)).toMatchObject({
    port: '9080',
    route: 'r',
    response_code: '503',
    response_flags: 'UF,URX',
  });
  expect(labelsOf(server, 'inbound.duration', tags, all)).toMatchObject({ port: '9080' });
  expect(labelsOf(server, 'inbound.requests', { ...tags, flags: 'a b', code: 'abc' }, all)).toMatchObject({
    response_code: 'other',
    response_flags: 'other',
  });
});

test('without a Mesh, and of workloads that are gone, nothing is known', () => {
  const none = createEnds(() => ({ ir: null, owners: new Map(), pods: [] }));
  const point = {
    metric: 'inbound.requests',
    tags: { ...noTags, ...inbound },
    count: 1,
    buckets: null,
  } as const;
  const labels = labelled(server, point, { ends: none, extra: new Set() })?.labels;
  expect(labels).toMatchObject({ source_workload: 'unknown', destination_workload: 'unknown', mtls: 'true' });
});

test('what rules on trial would refuse is not for this page', () => {
  const point = { metric: 'inbound.audit_refusals', tags: noTags, count: 1, buckets: null } as const;
  expect(labelled(server, point, { ends, extra: new Set() })).toBeNull();
});
