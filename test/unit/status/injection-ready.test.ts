// What the status of the Mesh says of who adds sidecars.
import { expect, test } from '@jest/globals';
import type { InjectionReport } from '../../../operator/conditions/injection-report.ts';
import { injectionReadyOf } from '../../../operator/status/injection-ready.ts';

const cases: readonly (readonly [string, InjectionReport, readonly [string, string], RegExp])[] = [
  [
    '1.35',
    { support: 'NotServed', way: 'Template', refusal: '', doubt: '' },
    ['True', 'Template'],
    /Kubernetes 1\.36/,
  ],
  [
    'no binding',
    { support: 'NotBound', way: 'Template', refusal: '', doubt: '' },
    ['True', 'Template'],
    /apply deploy\/injection-policy\.yaml\.$/,
  ],
  [
    'served, and not run',
    { support: 'NotRun', way: 'Template', refusal: '', doubt: '' },
    ['False', 'PolicyNotRun'],
    /did not run .* no API server disables MutatingAdmissionPolicy/,
  ],
  [
    'forbidden to look, while the API server adds sidecars',
    { support: 'NotRun', way: 'Policy', refusal: '', doubt: 'x is forbidden' },
    ['False', 'PolicyNotRun'],
    /cannot check or write the injection policy\. Until it can, it expects that the API server .* as before\. It reported: x is forbidden Apply deploy/,
  ],
  [
    'no answer from the start',
    { support: 'NotRun', way: null, refusal: '', doubt: 'timed out' },
    ['False', 'PolicyNotRun'],
    /it changes no pods and no pod templates\. It reported: timed out$/,
  ],
  [
    'rejected',
    { support: 'Bound', way: 'Template', refusal: 'unknown field', doubt: '' },
    ['False', 'PolicyRejected'],
    /to pod templates, because the API server rejected the injection policy\. It reported: unknown field$/,
  ],
  [
    'forbidden',
    { support: 'Bound', way: 'Template', refusal: 'x is forbidden', doubt: '' },
    ['False', 'PolicyRejected'],
    /Apply deploy\/injection-policy\.yaml again, which grants the permission\.$/,
  ],
  [
    'policy',
    { support: 'Bound', way: 'Policy', refusal: '', doubt: '' },
    ['True', 'Policy'],
    /pod templates stay as they are\.$/,
  ],
  [
    'an older policy',
    { support: 'Bound', way: 'Policy', refusal: 'unknown field', doubt: '' },
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
  expect(injectionReadyOf({ support: 'Bound', way: null, refusal: '', doubt: '' })).toBeUndefined();
});
