// What can be told of a mode of mutual TLS in a policy that cannot be read: what lets plaintext in must have been meant.
import { expect, test } from '@jest/globals';
import { SecurityPolicySpec } from '../../../api/v1alpha1/security/policy.ts';
import { closedPolicy } from '../../../operator/platform/closed-policy.ts';

function closed(mtls: object): unknown {
  const raw = {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { name: 'a', namespace: 'shop' },
    spec: { targetRefs: [{ kind: 'Deployment', name: 'reviews' }], mtls },
  };
  const made = closedPolicy(raw, ({ spec }) => SecurityPolicySpec.safeParse(spec).success);
  const { mode, ports } = SecurityPolicySpec.parse(made?.raw['spec']).mtls ?? {};
  return { mode, ports };
}

const broken = { transition: { type: 'Safee' } };
const open = [{ port: 9090, mode: 'Permissive' }];
const guarded = [{ port: 9090, mode: 'Strict' }];
const everywhere = { mode: 'Strict', ports: [] };

test.each<readonly [string, object, object]>([
  ['Strict with an exception', { mode: 'Strict', ports: open, ...broken }, { mode: 'Strict', ports: open }],
  [
    'a Strict port',
    { mode: 'Permissive', ports: guarded, ...broken },
    { mode: 'Permissive', ports: guarded },
  ],
  ['ports alone', { ports: open, ...broken }, { mode: undefined, ports: open }],
  ['an unknown word beside a mode that opens', { mode: 'Permissive', port: guarded }, everywhere],
  ['an unknown word beside ports', { ports: open, moode: 'Strict' }, everywhere],
  ['an unknown word in a port', { mode: 'Permissive', ports: [{ ...open[0], from: 'x' }] }, everywhere],
  ['an unknown mode', { mode: 'Permissiv', ports: open }, everywhere],
])('of %s', (_, mtls, expected) => {
  expect(closed(mtls)).toEqual(expected);
});
