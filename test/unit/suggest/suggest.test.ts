// From calls that were seen to policies that our own admission takes, and that permit these calls and no others.
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { array, assert, constantFrom, nat, property, record, string } from 'fast-check';
import { admit } from '../../../api/admission.ts';
import { policyText } from '../../../operator/suggest/policy-text.ts';
import { type Observed, readAccessLog, readTraffic } from '../../../operator/suggest/seen.ts';
import { suggest } from '../../../operator/suggest/suggestions.ts';
import { targetsIn } from '../../../operator/suggest/targets.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { runs } from '../../support/runs.ts';

const resources = resourcesFromYaml(`
kind: Deployment
metadata: {name: reviews, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, template: {metadata: {labels: {app: reviews}}}}
---
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews}}
spec: {containers: []}
status: {podIP: 10.0.0.1}
---
kind: Pod
metadata: {name: reviews-2, namespace: shop, labels: {app: reviews}}
spec: {containers: []}
status: {podIP: 10.0.0.2}
---
kind: ExternalWorkload
metadata: {name: database, namespace: shop}
spec: {address: 192.0.2.7, serviceAccount: database, ports: [{name: tcp, port: 5432}]}
`);

function textFor(observed: Observed): string {
  return policyText(suggest(observed.seen, targetsIn(resources)), { observed, trustDomain: 'cluster.local' });
}

const id = (account: string): string => `spiffe://cluster.local/ns/shop/sa/${account}`;

const edge = (workload: string, source: string, more: object = { requests: { '2xx': 2 } }): object => {
  return { workload, direction: 'inbound', source, port: '9080', ...more };
};

test('callers by service account, of all pods of a Deployment; others are named in comments', () => {
  const traffic = {
    since: '2026-11-29T15:00:00.000Z',
    until: '2026-11-29T16:00:00.000Z',
    edges: [
      edge('Pod/shop/reviews-1', id('page')),
      edge('Pod/shop/reviews-2', id('page')),
      edge('Pod/shop/reviews-1', id('ratings'), { requests: { '5xx': 1 }, port: '9091' }),
      edge('Pod/shop/reviews-1', id('refused'), { requests: { '4xx': 9 } }),
      edge('Pod/shop/reviews-1', 'spiffe://partner.example/ns/a/sa/b'),
      edge('Pod/shop/reviews-1', '10.0.0.9'),
      edge('Pod/shop/gone', id('page')),
      edge('ExternalWorkload/shop/database', id('page'), { connections: 3, port: '5432' }),
      { workload: 'Pod/shop/reviews-1', direction: 'outbound', destination: 'x', requests: { '2xx': 2 } },
    ],
  };
  const text = textFor(readTraffic(JSON.stringify(traffic)));

  expect(text.slice(text.indexOf('# Left out')))
    .toBe(`# Left out, because no Deployment, StatefulSet, DaemonSet or ExternalWorkload is known for them: Pod/shop/gone.
---
# Callers without mutual TLS, which the rules below would refuse: 10.0.0.9 (2). Give them a sidecar,
# or permit their networks in a rule with ipBlocks. Probes of the kubelet are let through in any case.
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: reviews-callers, namespace: shop}
spec:
  targetRefs: [{kind: Deployment, name: reviews}]
  authorization:
    enforcement: Audit
    rules:
    # shop/page: 4 calls
    # spiffe://partner.example/ns/a/sa/b: 2 calls
    - name: callers
      action: Allow
      from: [{serviceAccounts: [shop/page]}, {principals: ["spiffe://partner.example/ns/a/sa/b"]}]
      to: [{ports: [9080]}]
    # shop/ratings: 1 call
    - name: shop-ratings
      action: Allow
      from: [{serviceAccounts: [shop/ratings]}]
      to: [{ports: [9091]}]
---
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: database-callers, namespace: shop}
spec:
  targetRefs: [{kind: ExternalWorkload, name: database}]
  authorization:
    enforcement: Audit
    rules:
    # shop/page: 3 calls
    - name: shop-page
      action: Allow
      from: [{serviceAccounts: [shop/page]}]
      to: [{ports: [5432]}]
`);
});

test('access logs tell methods and paths, too; probes, refusals and lines of others are left out', () => {
  const line = (parts: object): string =>
    JSON.stringify({
      log: 'request',
      direction: 'inbound',
      start_time: '2026-11-29T15:00:00.000Z',
      destination_address: '10.0.0.1:9080',
      downstream_address: '10.0.0.9:1234',
      peer: id('page'),
      method: 'GET',
      path: '/reviews/1?all',
      response_code: 200,
      route_name: 'application',
      ...parts,
    });
  const log = [
    line({}),
    `[pod/reviews-1/mw-proxy] ${line({ method: 'POST', path: '/ratings' })}`,
    line({ path: '/probe', route_name: 'probe' }),
    line({ path: '/secret', response_code: 403 }),
    line({ direction: 'outbound', path: '/elsewhere' }),
    'not JSON {',
  ].join('\n');

  expect(textFor(readAccessLog(log))).toContain(`
    # shop/page: 2 calls
    - name: shop-page
      action: Allow
      from: [{serviceAccounts: [shop/page]}]
      to: [{ports: [9080], methods: ["GET", "POST"], paths: [{value: "/ratings"}, {value: "/reviews"}]}]
`);
});

test('what somebody wrote in place of a caller or a workload is text in comments, and no YAML', () => {
  const edges = [
    edge('Pod/shop/reviews-1', 'x\n---\nkind: Namespace'),
    edge('Pod/a\nkind: Secret', id('page')),
  ];
  const text = textFor(readTraffic(JSON.stringify({ since: '', until: '', edges })));

  expect(text).toContain('refuse: unknown (2).');
  expect(text).toContain('known for them: Pod/a?kind:?Secret.');
  expect(text.match(/^kind: .*/gm)).toEqual(['kind: SecurityPolicy']);
});

test('what is no answer of /debug/traffic is an error', () => {
  expect(() => readTraffic('[]')).toThrow('expected object');
});

test('whatever was seen, the policies are valid, and permit each caller its ports', () => {
  const seen = record({
    workload: constantFrom('Pod/shop/reviews-1', 'ExternalWorkload/shop/database'),
    address: constantFrom(null),
    port: nat(65_534).map((port) => port + 1),
    caller: nat(300).map((at) => id(`caller-${at}`)),
    count: nat(5).map((count) => count + 1),
    request: record({ method: constantFrom('GET', 'PUT'), path: string().map((path) => `/${path}`) }),
    isTcp: constantFrom(false),
  });
  assert(
    property(array(seen, { maxLength: 150 }), (all) => {
      const documents = parseAllDocuments(textFor({ since: null, until: null, seen: all }))
        .map((it) => it.toJS() as unknown)
        .filter((it) => it !== null);
      for (const document of documents) expect(admit(document)).not.toHaveProperty('problems');
      const allowed = JSON.stringify(documents);
      for (const { caller } of all) expect(allowed).toContain(`"shop/${caller.split('/').at(-1) ?? ''}"`);
    }),
    runs(100),
  );
});
