// Questions about calls to hosts outside the mesh.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { explainerOf, succeeds } from '../../../operator/explain/answer.ts';
import type { Question } from '../../../operator/explain/question.ts';
import { textOf } from '../../../operator/explain/text.ts';
import { resourcesFromYaml } from '../../support/builders.ts';

const world = readFileSync('test/golden/features/world.yaml', 'utf8');
const hosts = `
    hosts:
    - host: api.example.com
    - host: '*.example.org'
      ports: [{port: 443}, {port: 80, protocol: HTTP}]
    - host: both.example.com
      ports: [{port: 8443}, {port: 8443, protocol: HTTP}]
`;

/** A Mesh in place of that of the world. */
function answer(
  mode: string,
  parts: Partial<Question>,
): ReturnType<ReturnType<typeof explainerOf>['explain']> {
  const others = world.split('---\n').filter((document) => !document.includes('kind: Mesh\n'));
  const mesh = `apiVersion: meshwright.dev/v1alpha1\nkind: Mesh\nmetadata: {name: default}\nspec:\n  outbound:\n    mode: ${mode}${hosts}`;
  const { explain } = explainerOf(resourcesFromYaml([mesh, ...others].join('---\n')));
  return explain({ from: 'shop/productpage', to: '', method: 'GET', path: '/', headers: [], ...parts });
}

const resolved = 'the host that the call names, at the address that the sidecar resolves';
const listed = '[Mesh default, spec.outbound.hosts]';
const byMode = '[Mesh default, spec.outbound.mode]';

describe('RegistryOnly', () => {
  test.each([
    ['a host of the list', { to: 'api.example.com:443' }],
    ['a host below a wildcard', { to: 'a.b.example.org:443' }],
    ['an address with an allowed server name', { to: '203.0.113.7:443', sni: 'api.example.com' }],
    ['TLS on a port of both', { to: 'both.example.com:8443', sni: 'both.example.com' }],
  ])('TLS to %s is allowed', (_, parts) => {
    const allowed = answer('RegistryOnly', parts);

    expect(succeeds(allowed.explanation)).toBe(true);
    expect(textOf(allowed)).toContain('TLS of the caller, to a host outside the mesh.');
    expect(textOf(allowed)).toContain(`${resolved}  ${listed}`);
  });

  test.each([
    ['another host', { to: 'evil.example.net:443' }],
    ['an address', { to: '203.0.113.7:443' }],
    ['another server name at an allowed host', { to: 'api.example.com:443', sni: 'evil.example.net' }],
    ['the domain of a wildcard', { to: 'example.org:443' }],
    ['an allowed host on another port', { to: 'api.example.com:8080' }],
    [
      'a server name of TLS on a port that is in the list for HTTP',
      { to: 'a.example.org:80', sni: 'a.example.org' },
    ],
  ])('TLS to %s is refused', (_, parts) => {
    const refused = answer('RegistryOnly', parts);

    expect(succeeds(refused.explanation)).toBe(false);
  });

  test('a refusal names the mode', () => {
    expect(textOf(answer('RegistryOnly', { to: 'evil.example.net:443' }))).toContain(
      `The sidecar closes the connection.  ${byMode}`,
    );
  });

  test('HTTP goes by the Host header', () => {
    const allowed = answer('RegistryOnly', { to: 'a.example.org:80' });
    const claimed = answer('RegistryOnly', { to: '203.0.113.7:80', headers: [['Host', 'a.example.org']] });
    const refused = answer('RegistryOnly', {
      to: 'a.example.org:80',
      headers: [['Host', 'evil.example.net']],
    });
    const otherPort = answer('RegistryOnly', {
      to: 'a.example.org:80',
      headers: [['Host', 'a.example.org:22']],
    });

    expect([allowed, claimed, refused, otherPort].map((it) => succeeds(it.explanation))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(textOf(allowed)).toContain(`Route    *.example.org  ${listed}`);
    expect(textOf(allowed)).toContain(resolved);
    expect(textOf(refused)).toContain('502 The Mesh does not allow this host on this port');
  });
});

describe('AllowAny', () => {
  test('a host of the list is where its name leads, and others where they are called', () => {
    const known = answer('AllowAny', { to: 'api.example.com:443' });
    const others = [
      answer('AllowAny', { to: 'evil.example.net:443' }),
      answer('AllowAny', { to: 'evil.example.net:80' }),
      answer('AllowAny', { to: 'evil.example.net:8080' }),
    ];

    expect(textOf(known)).toContain(`${resolved}  ${listed}`);
    for (const other of others) {
      expect(succeeds(other.explanation)).toBe(true);
      expect(textOf(other)).toContain('wherever the caller connects to');
    }
  });
});
