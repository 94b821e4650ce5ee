// What the Mesh says of the way in which pods get their certificates.
import { expect, test } from '@jest/globals';
import type { Delivery } from '../../../operator/certificates/delivery.ts';
import { deliveredOf } from '../../../operator/status/delivered.ts';

const able: Delivery = { inUse: 'PodCertificate', isPossible: true, why: 'All can.' };
const nothing = { late: [], outdated: [] };
const late = [
  { pod: 'shop/reviews-v1', createdMs: 0, why: 'The certificate authority cannot be opened: no.' },
];

test.each([
  ['pods have keys of their own', able, nothing, 'True', 'PodCertificate', 'never leave them. All can.'],
  ['Secrets', { ...able, inUse: 'Secret' }, nothing, 'True', 'Secret', 'in Secrets. All can.'],
  [
    'it cannot be',
    { ...able, isPossible: false, why: 'The API server is old.' },
    nothing,
    'False',
    'NotSupported',
    'The API server is old. Upgrade',
  ],
  [
    'a pod waits',
    able,
    { ...nothing, late },
    'False',
    'RequestsPending',
    '1 pod waits for a certificate: shop/reviews-v1. The',
  ],
  [
    'one is too old',
    able,
    { ...nothing, outdated: ['Pod/shop/reviews-v1'] },
    'False',
    'IssuedBefore',
    '1 pod has a certificate from before',
  ],
] as const)('%s', (_, delivery, report, status, reason, message) => {
  expect(deliveredOf({ delivery, ...report })).toEqual({
    type: 'CertificatesDelivered',
    status,
    reason,
    message: expect.stringContaining(message),
  });
});

test('where there is one way nothing is said', () => {
  expect(deliveredOf({ delivery: { ...able, why: null }, ...nothing })).toBeUndefined();
});
