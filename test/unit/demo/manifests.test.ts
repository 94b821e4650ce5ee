// The YAML of the demo: ports filled in, workloads and policies read from it.
import { describe, expect, test } from '@jest/globals';
import { fillPorts, portNames } from '../../../demo/mesh/ports-in-yaml.ts';
import { policiesIn } from '../../../demo/mesh/policy-files.ts';
import { readWorkloads } from '../../../demo/mesh/workloads.ts';

const workloads = `
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {namespace: shop, name: reviews-v1, labels: {app: reviews, version: v1}}
spec:
  address: 127.0.0.1
  serviceAccount: reviews
  ports: [{name: http, port: $(reviews-v1.inbound), applicationPort: $(reviews-v1.application)}]
  outbound: [{service: ratings, port: 9080, bindPort: $(reviews-v1.to.ratings)}]
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {namespace: shop, name: visitor, labels: {app: visitor, version: v1}}
spec: {address: 127.0.0.1, serviceAccount: visitor}
`;

describe('ports in YAML', () => {
  test('are asked for by name, each once', () => {
    expect(portNames('a: $(x.in)\nb: $(y)\nc: $(x.in)')).toEqual(['x.in', 'y']);
  });

  test('are filled in everywhere', () => {
    expect(fillPorts('a: $(x)\nb: $(y)\nc: $(x)', new Map(Object.entries({ x: 1, y: 2 })))).toBe(
      'a: 1\nb: 2\nc: 1',
    );
  });

  test('must all be there', () => {
    expect(() => fillPorts('a: $(x)', new Map())).toThrow('There is no port for $(x) in the manifests.');
  });
});

test('workloads are read from the same text that the operator reads', () => {
  const text = fillPorts(
    workloads,
    new Map([
      ['reviews-v1.inbound', 1],
      ['reviews-v1.application', 2],
      ['reviews-v1.to.ratings', 3],
    ]),
  );

  expect(readWorkloads(text)).toEqual([
    {
      name: 'reviews-v1',
      namespace: 'shop',
      app: 'reviews',
      version: 'v1',
      serviceAccount: 'reviews',
      application: { port: 2, inboundPort: 1 },
      outbound: new Map([['ratings', 3]]),
    },
    {
      name: 'visitor',
      namespace: 'shop',
      app: 'visitor',
      version: 'v1',
      serviceAccount: 'visitor',
      application: undefined,
      outbound: new Map(),
    },
  ]);
});

describe('policies in a file', () => {
  const policy =
    'kind: TrafficPolicy\nmetadata: {namespace: shop, name: a}\nspec: {targetRefs: [{kind: Service, name: b}]}\n';

  test('are found between other documents', () => {
    expect(policiesIn(`kind: Service\nmetadata: {name: x}\n---\n${policy}`)).toEqual([
      { ref: { kind: 'TrafficPolicy', namespace: 'shop', name: 'a' }, target: 'b' },
    ]);
  });

  test('are listed though their spec is wrong', () => {
    expect(policiesIn('kind: SecurityPolicy\nmetadata: {name: a}\nspec: {targetRefs: 7}\n')).toEqual([
      { ref: { kind: 'SecurityPolicy', namespace: 'default', name: 'a' }, target: '' },
    ]);
  });

  test('are passed over where the YAML cannot be read', () => {
    expect(policiesIn('kind: [TrafficPolicy\n')).toEqual([]);
  });
});
