// What policies take in a sidecar that has them, against the estimate that the budget of a namespace counts with: a real Envoy with one
// policy of each expensive kind.
import { afterAll, describe, expect, test } from '@jest/globals';
import type { TrafficPolicy } from '../../api/v1alpha1/traffic/policy.ts';
import { translate } from '../../operator/translate/translate.ts';
import { memoryPerPort } from '../../operator/translate/policies/traffic/sidecar-memory.ts';
import { resourcesOfDocuments, translateOptions } from '../support/builders.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';

const closing = new Closing();
afterAll(() => closing.close());

const services = 8;
const apiVersion = 'meshwright.dev/v1alpha1';

function many<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const subsets = many(16, (index) => ({ name: `s${index}`, matchLabels: { version: String(index) } }));
const cors = { allowOrigins: [{ type: 'Exact', value: 'https://shop.example.com' }] };
const matches = (route: number, header: string): readonly object[] =>
  many(8, (index) => ({
    path: { type: 'Exact', value: `/${route}/${index}` },
    ...(header !== '' && {
      headers: many(8, (name) => ({ name: `x-${name}`, value: `${index}${header}` })),
    }),
  }));

const kinds: readonly (readonly [string, object])[] = [
  ['subsets', { subsets, routes: [{ name: 'all', backends: [{ subset: 's0' }] }] }],
  [
    'copies',
    {
      subsets,
      routes: many(16, (index) => ({
        name: `r${index}`,
        matches: [{ path: { type: 'Exact', value: `/${index}` } }],
        mirror: many(4, (other) => ({ subset: `s${(index + other) % 16}`, percentage: 1 })),
      })),
    },
  ],
  ['matches', { routes: many(16, (index) => ({ name: `r${index}`, matches: matches(index, '') })) }],
  [
    'matches that pages of other origins use',
    { routes: many(16, (index) => ({ name: `r${index}`, cors, matches: matches(index, '') })) },
  ],
  [
    'long values',
    { routes: many(16, (index) => ({ name: `r${index}`, matches: matches(index, 'v'.repeat(400)) })) },
  ],
  [
    'expressions',
    {
      routes: many(4, (index) => ({
        name: `r${index}`,
        matches: [{ path: { type: 'RegularExpression', value: `/${index}(?:\\pL){200}` } }],
      })),
    },
  ],
];

/** Bytes that a sidecar has allocated whose mesh has this policy. */
async function allocated(spec: object): Promise<{ readonly bytes: number; readonly estimate: number }> {
  const bindPort = await freePort();
  const resources = resourcesOfDocuments([
    { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
    ...many(services, (index) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `service-${index}`, namespace: 'shop' },
      spec: {
        clusterIP: `10.96.0.${index + 1}`,
        ports: [{ name: 'http', port: 1000 }],
      },
    })),
    {
      apiVersion,
      kind: 'ExternalWorkload',
      metadata: { name: 'caller', namespace: 'shop' },
      spec: {
        address: '127.0.0.1',
        serviceAccount: 'caller',
        outbound: [{ service: 'service-0', port: 1000, bindAddress: '127.0.0.1', bindPort }],
      },
    },
    {
      apiVersion,
      kind: 'TrafficPolicy',
      metadata: { name: 'large', namespace: 'shop' },
      spec: {
        targetRefs: many(services, (index) => ({ kind: 'Service', name: `service-${index}` })),
        ...spec,
      },
    },
  ]);
  const { ir } = translate(resources, translateOptions);
  const [policy] = resources.trafficPolicies as readonly [TrafficPolicy];
  if (ir === null) throw new Error('there is a Mesh');
  const own = new Closing();
  const sidecars = await startSidecars(ir, own);
  // Its worker keeps a part of all that, and has it when it answers.
  await call(bindPort);
  const response = await fetch(`http://127.0.0.1:${sidecars.get('caller')?.adminPort}/memory`);
  const bytes = Number(/"allocated": "(\d+)"/.exec(await response.text())?.[1]);
  await own.close();
  return { bytes, estimate: services * memoryPerPort(policy) };
}

describe('a policy takes no more than the estimate, and not far less', () => {
  let base: Promise<number> | undefined;

  test.each(kinds)('%s', async (_kind, spec) => {
    base ??= allocated({ timeout: { request: '1s' } }).then(({ bytes }) => bytes);

    const { bytes, estimate } = await allocated(spec);

    const taken = bytes - (await base);
    expect(taken / estimate).toBeLessThan(1.25);
    expect(taken / estimate).toBeGreaterThan(0.3);
  });
});
