// Pod certificates where all can, Secrets elsewhere, and a sentence why.
import { expect, test } from '@jest/globals';
import { deliveryOf } from '../../../operator/certificates/delivery.ts';
import type { ClusterSupport } from '../../../operator/ports/pod-certificate-port.ts';

const served = (...versions: readonly string[]): ClusterSupport => ({
  isServed: true,
  nodes: versions.map((kubeletVersion, index) => ({ name: `node-${index}`, kubeletVersion })),
});
type Asked = 'Secret' | 'PodCertificate' | undefined;
const wish = (delivery?: Asked): Parameters<typeof deliveryOf>[0] => ({
  authority: { type: 'BuiltIn' },
  ...(delivery !== undefined && { delivery }),
});
const old = { isServed: false, nodes: [] };

test.each([
  ['v1.37.0', true],
  ['v1.37.2-eks-5ab1f', true],
  ['v1.40.1+k3s1', true],
  ['v2.0.0', true],
  ['v1.36.3', false],
  ['v1.9.1', false],
  ['v0.37.0', false],
  ['unknown', false],
])('a kubelet %s can: %s', (version, can) => {
  const found = deliveryOf(wish(), served('v1.37.0', version));

  expect(found).toMatchObject({ inUse: can ? 'PodCertificate' : 'Secret', isPossible: true });
  expect(found?.why?.includes(`node-1 (${version})`)).toBe(!can);
});

test.each([
  [undefined, old, 'Secret', true, 'The API server does not support'],
  ['PodCertificate', old, 'PodCertificate', false, 'The API server does not support'],
  ['PodCertificate', served('v1.36.0'), 'PodCertificate', false, 'node-0 (v1.36.0)'],
  ['PodCertificate', served('v1.37.0'), 'PodCertificate', true, 'all kubelets support'],
  ['Secret', served('v1.37.0'), 'Secret', true, 'spec.certificates.delivery is Secret.'],
  ['Secret', null, 'Secret', true, 'spec.certificates.delivery is Secret.'],
  [undefined, { isServed: true, nodes: null }, 'Secret', true, 'no permission to list nodes'],
] as const)('wish %s on %j: %s', (asked, support, inUse, isPossible, why) => {
  expect(deliveryOf(wish(asked), support)).toEqual({ inUse, isPossible, why: expect.stringContaining(why) });
});

test('before somebody has looked nothing is said, and nobody rolls for a guess', () => {
  expect(deliveryOf(wish(), null)).toBeNull();
  expect(deliveryOf(wish('PodCertificate'), null)).toBeNull();
});

test('of many nodes three are named', () => {
  const versions = ['v1.36.0', 'v1.36.1', 'v1.36.2', 'v1.36.3', 'v1.36.4'];

  expect(deliveryOf(wish(), served(...versions))?.why).toMatch(/node-2 \(v1\.36\.2\) and 2 more\.$/);
});

test('an issuer of cert-manager cannot sign for a key that only the kubelet has', () => {
  const authority = {
    type: 'CertManager',
    issuer: { group: 'cert-manager.io', kind: 'Issuer', name: 'ca' },
    caBundle: null,
  } as const;

  expect(deliveryOf({ authority }, served('v1.37.0'))).toMatchObject({ inUse: 'Secret', isPossible: true });
  expect(deliveryOf({ authority, delivery: 'PodCertificate' }, served('v1.37.0'))).toMatchObject({
    isPossible: false,
    why: expect.stringContaining('cert-manager'),
  });
});
