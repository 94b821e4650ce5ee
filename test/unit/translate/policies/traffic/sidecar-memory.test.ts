// The budget of a namespace for what its TrafficPolicies take in everybody's sidecars.
import { expect, test } from '@jest/globals';
import { translate } from '../../../../../operator/translate/translate.ts';
import { resourcesOfDocuments, translateOptions } from '../../../../support/builders.ts';

const apiVersion = 'meshwright.dev/v1alpha1';

function many<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function services(namespace: string, count: number, ports: number): readonly object[] {
  return many(count, (index) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `service-${index}`, namespace },
    spec: { clusterIP: 'None', ports: many(ports, (port) => ({ name: `http-${port}`, port: 1000 + port })) },
  }));
}

interface Written {
  readonly namespace?: string;
  readonly name: string;
  readonly created?: string;
  readonly targets: number;
  readonly spec: object;
}

function policy({ namespace = 'shop', name, created = '2026-01-01', targets, spec }: Written): object {
  return {
    apiVersion,
    kind: 'TrafficPolicy',
    metadata: { name, namespace, creationTimestamp: `${created}T00:00:00Z` },
    spec: { targetRefs: many(targets, (index) => ({ kind: 'Service', name: `service-${index}` })), ...spec },
  };
}

/** Policy → its condition Accepted; services: what sidecars hear of. */
function look(...documents: readonly object[]): {
  readonly accepted: Readonly<Record<string, string>>;
  readonly services: string;
} {
  const mesh = { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: {} };
  const { ir, verdicts } = translate(resourcesOfDocuments([mesh, ...documents]), translateOptions);
  const ofPolicies = verdicts.filter(({ origin }) => origin.kind === 'TrafficPolicy');
  return {
    accepted: Object.fromEntries(
      ofPolicies.map(({ origin, conditions }) => [origin.name, conditions[0]?.message ?? '']),
    ),
    services: JSON.stringify(ir?.services),
  };
}

/** A megabyte in a sidecar for each port. */
const large = {
  routes: many(16, (route) => ({
    name: `large-${route}`,
    matches: many(8, (match) => ({ path: { type: 'Exact', value: `/${route}/${match}` } })),
  })),
};
const small = { routes: [{ name: 'small', timeout: { request: '1s' } }] };

test('one policy that targets many ports is not in effect when it would take more than its namespace may', () => {
  const { accepted, services: sent } = look(
    ...services('shop', 8, 10),
    policy({ name: 'large', targets: 8, spec: large }),
  );

  expect(accepted['large']).toBe(
    'The TrafficPolicies of namespace shop would take about 76 MiB in a sidecar. With 8 Services, the limit is 36 MiB, and older policies come first. Remove subsets, routes, matches or targets; each counts for every port of a target.',
  );
  expect(sent).not.toContain('large-');
});

test('older policies, small ones, settings and other namespaces are not concerned', () => {
  const { accepted } = look(
    ...services('shop', 8, 10),
    ...services('bank', 8, 1),
    policy({ name: 'older', created: '2025-01-01', targets: 1, spec: large }),
    policy({ name: 'large', targets: 8, spec: large }),
    policy({ name: 'younger', created: '2027-01-01', targets: 1, spec: small }),
    policy({ name: 'settings', created: '2027-01-01', targets: 8, spec: { timeout: { request: '1s' } } }),
    policy({ name: 'bank', namespace: 'bank', targets: 1, spec: large }),
  );

  const refused = Object.entries(accepted).filter(([, message]) => message.includes('the limit is'));
  expect(refused.map(([name]) => name)).toEqual(['large']);
});

test('policies that are many and small together count', () => {
  const { accepted } = look(
    ...services('shop', 1, 1),
    ...many(60, (index) =>
      policy({ name: `p${index}`, created: `2026-01-${10 + (index % 20)}`, targets: 1, spec: large }),
    ),
  );

  const refused = Object.values(accepted).filter((message) => message.includes('the limit is 33 MiB'));
  expect(refused.length).toBeGreaterThan(20);
  expect(refused.length).toBeLessThan(40);
});

test('a namespace of a thousand Services may have a policy with subsets, a split and retries for each', () => {
  const usual = {
    subsets: many(4, (index) => ({ name: `v${index}`, matchLabels: { version: String(index) } })),
    routes: many(4, (route) => ({
      name: `r${route}`,
      matches: [{ path: { type: 'PathPrefix', value: `/${route}` } }],
      backends: many(2, (backend) => ({ subset: `v${backend}`, weight: 1 + backend })),
      retry: { attempts: 2 },
    })),
  };
  const { accepted } = look(
    ...services('shop', 1000, 1),
    ...many(1000, (index) => ({
      apiVersion,
      kind: 'TrafficPolicy',
      metadata: { name: `p${index}`, namespace: 'shop' },
      spec: { targetRefs: [{ kind: 'Service', name: `service-${index}` }], ...usual },
    })),
  );

  expect(Object.values(accepted).filter((message) => message.includes('the limit is'))).toEqual([]);
});

test('each Service that gets copies counts', () => {
  const copying = (targets: number): object => ({
    routes: many(16, (route) => ({
      name: `copying-${route}`,
      mirror: many(4, (at) => ({ service: { name: `copy-${(route * 4 + at) % targets}`, port: 80 } })),
    })),
  });
  const look16 = (spec: object): string =>
    look(...services('shop', 8, 10), policy({ name: 'copying', targets: 8, spec })).accepted['copying'] ?? '';

  expect(look16(copying(1))).toBe('Accepted.');
  expect(look16(copying(64))).toContain('The TrafficPolicies of namespace shop would take about');
});
