// Backends that name other Services, while these, their ports and the permission to refer to them come and go: what is remembered from
// batch to batch must not outlive what it was made from.
import { expect, test } from '@jest/globals';
import { createTranslator } from '../../../../operator/translate/translator.ts';
import { translate } from '../../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../../support/builders.ts';

const world = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: beta, namespace: next, labels: {app: reviews, track: beta}}
spec: {address: 10.0.0.1, serviceAccount: reviews, ports: [{name: http, port: 80, appProtocol: http}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  routes:
  - backends: [{weight: 9}, {service: {namespace: next, name: reviews, port: 80}, subset: beta}]
    mirror: [{service: {namespace: next, name: reviews, port: 80}, subset: beta}]
`;
const next = (ports: string): string => `
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: next}
spec: {clusterIP: 10.96.0.2, selector: {app: reviews}, ports: ${ports}}
`;
const beta = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: next}
spec: {targetRefs: [{kind: Service, name: reviews}], subsets: [{name: beta, matchLabels: {track: beta}}]}
`;
const grant = (
  to: string,
  from = '{group: meshwright.dev, kind: TrafficPolicy, namespace: shop}',
): string => `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: grant, namespace: next}
spec: {from: [${from}], to: [${to}]}
`;
const toAll = grant('{group: "", kind: Service}');
const http = next('[{name: http, port: 80}]');

/** In this order, each after the one before. */
const steps: readonly (readonly [what: string, documents: readonly string[], resolved: string])[] = [
  ['nothing is there', [], 'RefNotPermitted'],
  ['the Service comes', [http, beta], 'RefNotPermitted'],
  ['a grant to another kind', [http, beta, grant('{group: "", kind: Secret}')], 'RefNotPermitted'],
  [
    'a grant to another Service',
    [http, beta, grant('{group: "", kind: Service, name: x}')],
    'RefNotPermitted',
  ],
  [
    'a grant to another namespace',
    [
      http,
      beta,
      grant('{group: "", kind: Service}', '{group: meshwright.dev, kind: TrafficPolicy, namespace: qa}'),
    ],
    'RefNotPermitted',
  ],
  [
    'a grant to routes of the Gateway API',
    [
      http,
      beta,
      grant(
        '{group: "", kind: Service}',
        '{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}',
      ),
    ],
    'RefNotPermitted',
  ],
  [
    'a grant to the Service',
    [http, beta, grant('{group: "", kind: Service, name: reviews}')],
    'ResolvedRefs',
  ],
  ['a grant to all', [http, beta, toAll], 'ResolvedRefs'],
  ['the subset goes', [http, toAll], 'RefNotFound'],
  ['it comes back', [http, beta, toAll], 'ResolvedRefs'],
  ['the port becomes TCP', [next('[{name: tcp, port: 80}]'), beta, toAll], 'UnsupportedProtocol'],
  ['the port gets another number', [next('[{name: http, port: 81}]'), beta, toAll], 'BackendNotFound'],
  ['the Service goes', [toAll], 'BackendNotFound'],
  ['it comes back', [http, beta, toAll], 'ResolvedRefs'],
  ['the grant goes', [http, beta], 'RefNotPermitted'],
];

test('what backends refer to is looked up anew whenever it changes', () => {
  const translator = createTranslator(translateOptions);
  const found = steps.map(([what, documents]) => {
    const resources = resourcesFromYaml([world, ...documents].join('\n---\n'));
    const remembered = translator(resources);
    expect(remembered).toEqual(translate(resources, translateOptions));
    return [what, documents, resolvedRefs(remembered)] as const;
  });

  expect(found.map(([what, , resolved]) => `${what}: ${resolved}`)).toEqual(
    steps.map(([what, , resolved]) => `${what}: ${resolved}`),
  );
});

test('the backend gets its share only while it is resolved', () => {
  const shares = steps.map(([what, documents]) => {
    const { ir } = translate(resourcesFromYaml([world, ...documents].join('\n---\n')), translateOptions);
    const [route] = ir?.services.find(({ key }) => key === 'shop/reviews/80')?.routes.default ?? [];
    const [, backend] = route?.action.type === 'Forward' ? route.action.backends : [];
    return [
      what,
      backend !== undefined && 'service' in backend ? `${backend.service} ${backend.subset}` : '503',
    ];
  });

  expect(shares).toEqual(
    steps.map(([what, , resolved]) => [what, resolved === 'ResolvedRefs' ? 'next/reviews/80 beta' : '503']),
  );
});

test('endpoints get copies only while the reference to them is resolved, and whoever sends them is their origin', () => {
  const copies = steps.map(([what, documents]) => {
    const { ir } = translate(resourcesFromYaml([world, ...documents].join('\n---\n')), translateOptions);
    return [what, ir?.services.flatMap((service) => service.copies.map((one) => [service.key, one]))];
  });

  const sent = { subset: 'beta', origins: [expect.objectContaining({ namespace: 'shop', name: 'reviews' })] };
  expect(copies).toEqual(
    steps.map(([what, , resolved]) => [what, resolved === 'ResolvedRefs' ? [['next/reviews/80', sent]] : []]),
  );
});

function resolvedRefs({ verdicts }: ReturnType<typeof translate>): string | undefined {
  const verdict = verdicts.find(
    ({ origin }) => origin.kind === 'TrafficPolicy' && origin.namespace === 'shop',
  );
  return verdict?.conditions.find(({ type }) => type === 'ResolvedRefs')?.reason;
}
