import { expect, test } from '@jest/globals';
import { verdictOf } from '../../../../operator/certificates/requested/answer.ts';
import type { RequestCondition } from '../../../../operator/ports/certificate-request-port.ts';

interface Told {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

const condition = (
  type: string,
  { status = 'True', reason = '', message = '' }: Told = {},
): RequestCondition => ({
  type,
  status,
  reason,
  message,
});
const ready = (reason: string, message = ''): RequestCondition =>
  condition('Ready', { status: 'False', reason, message });
const approved = condition('Approved');

test.each([
  ['nothing', [], 'Pending', 'the request is not approved yet'],
  ['approval', [approved], 'Pending', 'the request has no answer yet'],
  [
    'pending',
    [approved, ready('Pending', 'Waiting for Vault.')],
    'Pending',
    'the request is pending: Waiting for Vault',
  ],
  ['denial', [condition('Denied', { message: 'not you' })], 'Refused', 'the request was denied: not you'],
  ['denial of old', [ready('Denied', 'not you')], 'Refused', 'the request was denied: not you'],
  [
    'failure',
    [approved, ready('Failed', 'role forbids\n URIs')],
    'Refused',
    'the request failed: role forbids URIs',
  ],
  [
    'an invalid request, before it failed',
    [approved, ready('Pending'), condition('InvalidRequest', { message: 'no CN' })],
    'Refused',
    'the request is invalid: no CN',
  ],
  [
    'a denial that is none',
    [condition('Denied', { status: 'False' })],
    'Pending',
    'the request is not approved yet',
  ],
  ['readiness without a certificate', [approved, condition('Ready')], 'Pending', 'the request is pending'],
])('%s', (_, conditions, type, why) => {
  expect(verdictOf({ conditions, certificate: '', ca: '' })).toEqual({ type, why });
});

test('readiness with a certificate', () => {
  const conditions = [approved, condition('Ready', { reason: 'Issued' })];

  expect(verdictOf({ conditions, certificate: 'PEM', ca: '' })).toEqual({ type: 'Issued' });
});

test('words without end are cut', () => {
  const { why = '' } = verdictOf({
    conditions: [ready('Failed', 'x'.repeat(5000))],
    certificate: '',
    ca: '',
  }) as {
    why?: string;
  };

  expect(why.length).toBeLessThan(400);
});
