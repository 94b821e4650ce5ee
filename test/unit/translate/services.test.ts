import { describe, expect, it } from '@jest/globals';
import { MeshSpec } from '../../../api/v1alpha1/mesh.ts';
import type { EndpointSlice, Pod, Service, StoredObject } from '../../../operator/objects/objects.ts';
import { translate } from '../../../operator/translate/translate.ts';
import { declaredProtocol } from '../../../operator/translate/facts/protocol.ts';
import type { ServicePortIr } from '../../../operator/ir/service.ts';
import {
  meshedPod,
  resourcesOf,
  service,
  slice,
  storedObject,
  translateOptions,
} from '../../support/builders.ts';

const mesh = storedObject({
  kind: 'Mesh',
  metadata: { name: 'default', generation: 1 },
  spec: MeshSpec.parse({}),
});

function reviewsPort(...objects: readonly StoredObject[]): ServicePortIr | undefined {
  return translate(resourcesOf(mesh, ...objects), translateOptions).ir?.services.find(
    ({ key }) => key === 'shop/reviews/9080',
  );
}

function conditioned(conditions: EndpointSlice['endpoints'][number]['conditions'], pod: Pod): EndpointSlice {
  const made = slice('reviews', pod);
  return {
    ...made,
    endpoints: made.endpoints.map((endpoint) => Object.assign({}, endpoint, { conditions })),
  };
}

describe('declaredProtocol', () => {
  it.each([
    ['http', undefined, 'HTTP'],
    ['kubernetes.io/h2c', 'tcp', 'HTTP'],
    ['kubernetes.io/wss', 'http', 'TCP'],
    ['tls', 'http', 'TCP'],
    ['', 'http', 'HTTP'],
    [undefined, 'grpc-web', 'HTTP'],
    [undefined, 'http2-admin', 'HTTP'],
    [undefined, 'https', 'TCP'],
    [undefined, 'httpserver', undefined],
    [undefined, undefined, undefined],
  ])('appProtocol %s, name %s: %s', (appProtocol, name, expected) => {
    expect(declaredProtocol(appProtocol, name)).toBe(expected);
  });
});

describe('endpoints', () => {
  const pod = meshedPod('reviews-1', 'reviews', '10.0.0.1');
  const leaving: Pod = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const finished: Pod = { ...pod, status: { ...pod.status, phase: 'Succeeded' } };

  it.each([
    ['no conditions at all', undefined, pod, ['Healthy']],
    ['not ready', { ready: false }, pod, []],
    ['terminating, serving', { ready: false, serving: true, terminating: true }, pod, ['Draining']],
    ['terminating, not serving', { ready: false, serving: false, terminating: true }, pod, []],
    ['a deleted Pod whose slice does not say so yet', { ready: true }, leaving, ['Draining']],
    ['a finished Pod', { ready: true }, finished, []],
  ])('%s', (_case, conditions, behind, expected) => {
    const port = reviewsPort(service('reviews'), behind, conditioned(conditions, behind));

    expect(port?.endpoints.map(({ health }) => health)).toEqual(expected);
  });

  it('takes endpoints that are not ready if the Service publishes them', () => {
    const publishing = service('reviews', { publishNotReadyAddresses: true });

    const port = reviewsPort(publishing, pod, conditioned({ ready: false }, pod));

    expect(port?.endpoints.map(({ health }) => health)).toEqual(['Healthy']);
  });

  it('keeps an endpoint whose Pod it does not know, in plaintext', () => {
    const port = reviewsPort(service('reviews'), slice('reviews', pod));

    expect(port?.endpoints).toEqual([
      {
        address: '10.0.0.1',
        port: 9080,
        mtls: false,
        mtlsDisabled: false,
        health: 'Healthy',
        zone: null,
        workload: '',
      },
    ]);
    expect(port?.peerIdentities).toEqual([]);
  });

  it('knows the identity of a Pod before it is ready', () => {
    const port = reviewsPort(service('reviews'), pod);

    expect(port?.endpoints).toEqual([]);
    expect(port?.peerIdentities).toEqual(['spiffe://cluster.local/ns/shop/sa/reviews']);
  });

  it('counts an endpoint once that two slices have', () => {
    const again: EndpointSlice = {
      ...slice('reviews', pod),
      metadata: { ...slice('reviews').metadata, name: 'again' },
    };

    expect(reviewsPort(service('reviews'), pod, slice('reviews', pod), again)?.endpoints).toHaveLength(1);
  });

  it('selects nothing for a Service without selector', () => {
    const { spec, metadata } = service('reviews');
    const { selector: _, ...rest } = spec;
    const selectorless: Service = { kind: 'Service', metadata, spec: rest };

    expect(reviewsPort(selectorless, pod)?.peerIdentities).toEqual([]);
  });
});

describe('what must not enter the IR', () => {
  it('resourceVersions and statuses of our kinds', () => {
    const versioned = {
      ...service('reviews'),
      metadata: { ...service('reviews').metadata, resourceVersion: '7' },
    };
    const reported = { ...mesh, status: { conditions: [] } };

    const plain = translate(resourcesOf(mesh, service('reviews')), translateOptions);

    expect(translate(resourcesOf(reported, versioned), translateOptions)).toEqual(plain);
  });
});
