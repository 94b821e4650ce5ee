// The hosts outside the mesh that a Mesh lists.
import { describe, expect, test } from '@jest/globals';
import { MeshSpec } from '../../../api/v1alpha1/mesh.ts';
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import { allowedHosts, allowedHostWarnings } from '../../../operator/translate/facts/allowed-hosts.ts';
import { makeHostAuthority } from '../../support/data-plane/host-certificates.ts';

function mesh(...hosts: readonly object[]): Mesh {
  return {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'default' },
    spec: MeshSpec.parse({ outbound: { hosts } }),
  };
}

const encrypted = (caBundle: string): object => ({
  host: 'api.example.com',
  ports: [{ port: 80, protocol: 'HTTP', tls: { caBundle } }],
});

test('the order in which hosts are written makes no difference', () => {
  const one = { host: 'b.example.com', ports: [{ port: 443 }, { port: 80, protocol: 'HTTP' }] };
  const other = { host: 'a.example.com' };

  expect(allowedHosts(mesh(one, other))).toEqual([
    { host: 'b.example.com', port: 80, protocol: 'HTTP', tls: null },
    { host: 'a.example.com', port: 443, protocol: 'TLS', tls: null },
    { host: 'b.example.com', port: 443, protocol: 'TLS', tls: null },
  ]);
  expect(allowedHosts(mesh(other, one))).toEqual(allowedHosts(mesh(one, other)));
});

describe('a CA bundle', () => {
  test('of certificates is used', async () => {
    const [{ root }, { root: second }] = [await makeHostAuthority(), await makeHostAuthority()];
    const listed = mesh(encrypted(`${root}\n# another one\n${second}\n`));

    expect(allowedHosts(listed)).toMatchObject([{ tls: { port: 443, sni: 'api.example.com' } }]);
    expect(allowedHostWarnings(listed)).toEqual([]);
  });

  test.each([
    ['nonsense', (root: string) => root.replace(/\n[A-Za-z0-9+/]{10}/, '\n!!!!!!!!!!')],
    ['half a certificate', (root: string) => root.slice(0, root.length / 2)],
    ['a certificate and half of one', (root: string) => `${root}\n${root.slice(0, root.length / 2)}`],
  ])('with %s refuses its host, leaves others alone, and says what to do', async (_, broken) => {
    const { root } = await makeHostAuthority();
    const listed = mesh(encrypted(broken(root)), { host: 'other.example.com' });

    expect(allowedHosts(listed)).toEqual([
      { host: 'api.example.com', port: 80, protocol: 'HTTP', tls: 'unusable' },
      { host: 'other.example.com', port: 443, protocol: 'TLS', tls: null },
    ]);
    expect(allowedHostWarnings(listed)).toEqual([
      {
        reason: 'HostRefused',
        message:
          'Calls to api.example.com:80 are refused: spec.outbound.hosts[api.example.com].ports[80].tls.caBundle holds something that is no certificate. Write CA certificates in PEM.',
      },
    ]);
  });
});
