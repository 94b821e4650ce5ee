// What the status of the Mesh says of who adds sidecars.
import { expect, test } from '@jest/globals';
import type { InjectionReport } from '../../../operator/conditions/injection-report.ts';
import { injectionReadyOf } from '../../../operator/status/injection-ready.ts';

const cases: readonly (readonly [string, InjectionReport, readonly [string, string], RegExp])[] = [
  ['1.35', { support: 'NotServed', way: 'Template', refusal: '' }, ['True', 'Template'], /Kubernetes 1\.36/],
  [
    'no binding',
    { support: 'NotBound', way: 'Template', refusal: '' },
    ['True', 'Template'],
    /apply deploy\/injection-policy\.yaml\.$/,
  ],
  [
    'served, and not run',
    { support: 'NotRun', way: 'Template', refusal: '' },
    ['False', 'PolicyNotRun'],
    /did not run .* no API server disables MutatingAdmissionPolicy/,
  ],
  [
    'rejected',
    { support: 'Bound', way: 'Template', refusal: 'unknown field' },
    ['False', 'PolicyRejected'],
    /to pod templates, because the API server rejected the injection policy\. It reported: unknown field$/,
  ],
  [
    'forbidden',
    { support: 'Bound', way: 'Template', refusal: 'x is forbidden' },
    ['False', 'PolicyRejected'],
    /Apply deploy\/injection-policy\.yaml again, which grants the permission\.$/,
  ],
  [
    'policy',
    { support: 'Bound', way: 'Policy', refusal: '' },
    ['True', 'Policy'],
    /pod templates stay as they are\.$/,
  ],
  [
    'an older policy',
    { support: 'Bound', way: 'Policy', refusal: 'unknown field' },
    ['False', 'PolicyRejected'],
    /the last one that it accepted/,
  ],
];

test.each(cases)('%s', (_, report, [status, reason], message) => {
  const condition = injectionReadyOf(report);

  expect(condition).toMatchObject({ type: 'InjectionReady', status, reason });
  expect(condition?.message).toMatch(message);
});

test('nothing while it is not known', () => {
  expect(injectionReadyOf({ support: 'Bound', way: null, refusal: '' })).toBeUndefined();
});
