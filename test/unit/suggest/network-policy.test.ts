// A NetworkPolicy for a namespace of the mesh.
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { networkPolicyText } from '../../../operator/suggest/network-policy.ts';
import { readNetworkPolicyOptions } from '../../../operator/suggest/network-policy-options.ts';
import { resourcesFromYaml } from '../../support/builders.ts';

const mesh = (outbound: string): string =>
  `apiVersion: meshwright.dev/v1alpha1\nkind: Mesh\nmetadata: {name: default}\nspec:\n  outbound: ${outbound}\n`;
const vm = `
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: vm, namespace: shop}
spec: {address: 198.51.100.7, ports: [{name: http, port: 9080}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: caller, namespace: shop}
spec: {address: 198.51.100.8}
`;
const hosts =
  '{mode: RegistryOnly, hosts: [{host: a.example.com}, {host: b.example.com, ports: [{port: 80, protocol: HTTP, tls: {port: 8443}}, {port: 443}]}]}';

interface Rule {
  readonly to: readonly object[];
  readonly ports?: readonly { readonly protocol: string; readonly port: number }[];
}

function textOf(documents: readonly string[], networks: readonly string[] = []): string {
  const options = { namespace: 'shop', operatorNamespace: 'mesh-system', networks };
  return networkPolicyText(resourcesFromYaml(documents.join('---\n')), options);
}

function rulesOf(text: string): readonly Rule[] {
  return (parse(text) as { spec: { egress: Rule[] } }).spec.egress;
}

test('pods may send to DNS, the operator, the mesh, its ExternalWorkloads and the ports of hosts', () => {
  const text = textOf([mesh(hosts), vm]);

  expect(rulesOf(text)).toEqual([
    {
      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
          podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
        },
      ],
      ports: [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
    },
    {
      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'mesh-system' } },
          podSelector: { matchLabels: { 'app.kubernetes.io/name': 'meshwright' } },
        },
      ],
      ports: [{ protocol: 'TCP', port: 15_012 }],
    },
    { to: [{ namespaceSelector: { matchLabels: { 'meshwright.dev/mesh': 'enabled' } } }] },
    { to: [{ ipBlock: { cidr: '198.51.100.7/32' } }], ports: [{ protocol: 'TCP', port: 9080 }] },
    {
      to: [
        {
          ipBlock: {
            cidr: '0.0.0.0/0',
            except: ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
          },
        },
        { ipBlock: { cidr: '::/0', except: ['fc00::/7', 'fe80::/10'] } },
      ],
      // Where the sidecar begins TLS, it connects to that port.
      ports: [
        { protocol: 'TCP', port: 443 },
        { protocol: 'TCP', port: 8443 },
      ],
    },
  ]);
  expect(text).toMatch(/^# Pods of this namespace may send to /);
  expect(text).not.toContain('AllowAny');
});

test('hosts may be in given networks only', () => {
  expect(rulesOf(textOf([mesh(hosts)], ['203.0.113.0/24'])).at(-1)?.to).toEqual([
    { ipBlock: { cidr: '203.0.113.0/24' } },
  ]);
});

test('hosts that only other namespaces may call are left out', () => {
  const hostOf = (namespace: string): string =>
    mesh(
      `{hosts: [{host: a.example, namespaces: [${namespace}]}, {host: b.example, ports: [{port: 8443}]}]}`,
    );
  const portsIn = (namespace: string): unknown => rulesOf(textOf([hostOf(namespace)])).at(-1)?.ports;

  expect(portsIn('qa')).toEqual([{ protocol: 'TCP', port: 8443 }]);
  expect(portsIn('shop')).toEqual([
    { protocol: 'TCP', port: 443 },
    { protocol: 'TCP', port: 8443 },
  ]);
});

test('without hosts nothing outside the mesh is reached, and the text says so', () => {
  const text = textOf([mesh('{mode: AllowAny}')]);

  expect(rulesOf(text)).toHaveLength(3);
  expect(text).toContain('# No host is in outbound.hosts');
  expect(text).toContain('# The Mesh allows all destinations');
});

test('without a Mesh there is none', () => {
  expect(() => textOf([vm])).toThrow('There is no Mesh. Create one.');
});

describe('arguments', () => {
  test('have defaults', () => {
    expect(readNetworkPolicyOptions({ namespace: 'shop' })).toEqual({
      namespace: 'shop',
      networks: [],
      operatorNamespace: 'meshwright-system',
      files: null,
      kubeconfig: null,
      timeoutMs: 30_000,
    });
  });

  test.each([
    ['no namespace', {}, 'Name the namespace with --namespace'],
    [
      'a network that is none',
      { namespace: 'shop', cidr: ['10.0.0.0'] },
      '--cidr 10.0.0.0 is not a network.',
    ],
  ])('%s: what to write', (_, given, message) => {
    expect(() => readNetworkPolicyOptions(given)).toThrow(message);
  });
});
