// What a status says of rules on trial.
import { expect, test } from '@jest/globals';
import { SecurityPolicyStatus } from '../../../api/v1alpha1/security/status.ts';
import type { AuditReport } from '../../../operator/conditions/audit-report.ts';
import { auditsByPolicy, auditStatusOf, wouldRefuseOf } from '../../../operator/status/would-refuse.ts';

const origin = { kind: 'SecurityPolicy', namespace: 'shop', name: 'reviews', generation: 1 } as const;
const sinceMs = Date.parse('2026-11-29T12:00:00Z');
const lastMs = Date.parse('2026-11-29T12:30:00Z');

function report(parts: Partial<AuditReport>): AuditReport {
  return {
    policy: 'shop/reviews',
    enforcement: 'Audit',
    sinceMs: null,
    requests: 0,
    callers: 0,
    refusals: [],
    sidecars: { reporting: 3, all: 3 },
    ...parts,
  };
}

const page = {
  caller: 'spiffe://cluster.local/ns/shop/sa/productpage',
  object: null,
  port: '9080',
  rule: '',
  requests: 10,
  routes: [],
  lastMs,
};
const curl = {
  caller: '10.0.0.7',
  object: 'Pod shop/curl',
  port: '9080',
  rule: 'no-curl',
  routes: ['GET /', 'POST /cart'],
  requests: 2,
  lastMs,
};
const seen = { requests: 12, callers: 2, refusals: [page, curl] };
const said =
  '12 requests of 2 callers: 10 from shop/productpage to port 9080 (no Allow rule matches); 2 from 10.0.0.7 (Pod shop/curl) to port 9080, most often GET / (Deny rule no-curl)';
const advice = 'If these requests should be permitted, add rules before you set enforcement to Enforce.';

test.each<readonly [string, Partial<AuditReport>, string]>([
  [
    'nothing would be refused',
    {},
    'False NoRefusals: In the last hour, the rules would have refused no request. All 3 sidecars of the targets report.',
  ],
  [
    'nothing so far',
    { sinceMs, sidecars: { reporting: 1, all: 1 } },
    'False NoRefusals: Since 2026-11-29T12:00:00Z, the rules would have refused no request. The sidecar of the target reports.',
  ],
  [
    'some sidecars are silent',
    { sidecars: { reporting: 1, all: 3 } },
    'Unknown NotReporting: Of 3 sidecars of the targets, only 1 report what it sees: wait a minute, then restart the pods of those that are not connected or were started by an earlier version of Meshwright.',
  ],
  [
    'there is no sidecar',
    { sidecars: { reporting: 0, all: 0 } },
    'Unknown NotReporting: No sidecar serves an HTTP port of the targets, so no requests are observed.',
  ],
  [
    'there are refusals',
    seen,
    `True Refusals: In the last hour, the rules would have refused ${said}. ${advice}`,
  ],
  [
    'one request',
    { requests: 1, callers: 1, refusals: [{ ...page, requests: 1 }], sinceMs },
    `True Refusals: Since 2026-11-29T12:00:00Z, the rules would have refused 1 request of 1 caller: 1 from shop/productpage to port 9080 (no Allow rule matches). ${advice}`,
  ],
  [
    'the rules are enforced by now',
    { ...seen, enforcement: 'Enforce' },
    `False Enforced: The rules are enforced. In the hour before, they would have refused ${said}.`,
  ],
  [
    'the rules are enforced, and refused nobody',
    { enforcement: 'Enforce', sinceMs },
    'False Enforced: The rules are enforced. From 2026-11-29T12:00:00Z until then, they would have refused no request.',
  ],
])('%s', (_what, parts, expected) => {
  const conditions = wouldRefuseOf(origin, auditsByPolicy([report(parts)]));

  expect(conditions.map(({ status, reason, message }) => `${status} ${reason}: ${message}`)).toEqual([
    expected,
  ]);
});

test('a policy that is not on trial says nothing of it', () => {
  const audits = auditsByPolicy([report(seen)]);

  for (const other of [{ ...origin, name: 'other' }, { ...origin, kind: 'TrafficPolicy' } as const]) {
    expect(wouldRefuseOf(other, audits)).toEqual([]);
    expect(auditStatusOf(other, audits)).toEqual({});
  }
});

test('the list: who, port, rule, how many, when; nothing if there are none, or the rules are enforced', () => {
  const { audit } = auditStatusOf(origin, auditsByPolicy([report({ ...seen, sinceMs })]));

  expect(audit).toEqual({
    requests: 12,
    callers: 2,
    since: '2026-11-29T12:00:00Z',
    refusals: [
      { caller: page.caller, port: '9080', requests: 10, lastTime: '2026-11-29T12:30:00Z' },
      {
        caller: '10.0.0.7',
        object: 'Pod shop/curl',
        port: '9080',
        rule: 'no-curl',
        routes: ['GET /', 'POST /cart'],
        requests: 2,
        lastTime: '2026-11-29T12:30:00Z',
      },
    ],
  });
  expect(SecurityPolicyStatus.shape.audit.safeParse(audit).success).toBe(true);
  expect(auditStatusOf(origin, auditsByPolicy([report({})]))).toEqual({});
  expect(auditStatusOf(origin, auditsByPolicy([report({ ...seen, enforcement: 'Enforce' })]))).toEqual({});
});
