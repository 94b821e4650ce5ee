// What is said of a policy whose `locality` cannot have its effect.
import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../../../support/builders.ts';

const zone = 'topology.kubernetes.io/zone';
const workload = (name: string, where: string | null, serviceAccount = ''): string => `
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: ${name}, namespace: shop, labels: {app: ${name.replace(/-.*/, '')}${where === null ? '' : `, ${zone}: ${where}`}}}
spec:
  address: 10.0.0.${name.length}
  ports: [{name: http, port: 9080, appProtocol: http}]
  ${serviceAccount === '' ? '' : `serviceAccount: ${serviceAccount}`}
`;
const service = (more = ''): string => `
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {${more}selector: {app: reviews}, ports: [{name: http, port: 9080, targetPort: http}]}
`;
const mesh = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {}
`;

function warning(locality: string, ...documents: readonly string[]): string {
  const policy = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: shop}
spec: {targetRefs: [{kind: Service, name: reviews}], locality: ${locality}}
`;
  const { verdicts } = translate(
    resourcesFromYaml([mesh, policy, ...documents].join('---\n')),
    translateOptions,
  );
  const { conditions = [] } = verdicts.find(({ origin }) => origin.kind === 'TrafficPolicy') ?? {};
  return conditions.find(({ type }) => type === 'Warning')?.message ?? '';
}

const failover = '{type: Failover, failover: [{from: a, to: [b]}]}';
const page = workload('page', 'a', 'page');

describe('endpoints', () => {
  test('in all zones that are named: nothing is said', () => {
    const reviews = [workload('reviews-1', 'a'), workload('reviews-22', 'b')];

    expect(warning(failover, service(), page, ...reviews)).toBe('');
  });

  test('none of which is in a zone', () => {
    expect(warning(failover, service(), page, workload('reviews-1', null))).toBe(
      'locality has no effect on calls to shop/reviews/9080, because the zones of the endpoints are not known. Label their Nodes or ExternalWorkloads with topology.kubernetes.io/zone.',
    );
  });

  test('none of which is in a zone that is named', () => {
    expect(warning(failover, service(), page, workload('reviews-1', 'a'))).toBe(
      'No endpoint is in zone b; the endpoints are in a. Fix the name of the zone, or start endpoints there.',
    );
  });

  test('of which there is none: subsets and readiness are told elsewhere', () => {
    expect(warning(failover, service(), page)).toBe('');
  });

  test('that callers choose themselves', () => {
    expect(warning(failover, service('clusterIP: None, '), page, workload('reviews-1', 'a'))).toContain(
      'callers of a headless Service choose the endpoint themselves',
    );
  });
});

describe('callers', () => {
  const reviews = [workload('reviews-1', 'a'), workload('reviews-22', 'b')];
  const somewhere = workload('batch', null, 'batch');

  test('whose zone is not known', () => {
    expect(warning(failover, service(), page, somewhere, ...reviews)).toBe(
      'locality has no effect on calls from shop/batch, because the zones of these workloads are not known. Label them or their Nodes with topology.kubernetes.io/zone.',
    );
  });

  test('for whom shares hold that are for everybody', () => {
    const shares = '{type: Weighted, weights: [{to: [{zone: a, weight: 1}]}]}';

    expect(warning(shares, service(), somewhere, ...reviews)).toBe('');
  });

  test('do not matter to a panic threshold', () => {
    expect(warning('{panicThreshold: 50}', service(), somewhere, ...reviews)).toBe('');
  });
});
