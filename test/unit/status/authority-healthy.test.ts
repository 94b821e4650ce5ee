import { expect, test } from '@jest/globals';
import type { AuthorityState } from '../../../operator/certificates/issuer-ports.ts';
import { authorityHealthyOf } from '../../../operator/status/authority-healthy.ts';

const secret = 'Secret meshwright-system/mesh-intermediate';
const root = new Date('2036-05-01T12:00:00Z');
const intermediate = new Date('2027-05-01T12:00:00Z');

const builtIn: AuthorityState = {
  isPlugged: false,
  wanted: null,
  isAsWanted: true,
  problem: null,
  expiry: { root, intermediate: null, isSoon: false },
  isHeldByRevocations: false,
  troubles: null,
  late: null,
};
const plugged: AuthorityState = {
  ...builtIn,
  isPlugged: true,
  wanted: secret,
  expiry: { root, intermediate, isSoon: false },
};
const issuer: AuthorityState = { ...plugged, wanted: 'ClusterIssuer mesh-ca' };
const slow = { kind: 'Slow', texts: ['The certificate in Secret shop/a waits. It is slow.'] } as const;
const late = { count: 3, expired: 0, first: 'Secret shop/a', firstEnd: new Date('2026-05-02T12:00:00Z') };
const coming: AuthorityState = { ...builtIn, wanted: secret, isAsWanted: false };
const ends =
  'The intermediate certificate expires at 2027-05-01T12:00:00Z, the root certificate at 2036-05-01T12:00:00Z.';

test('AuthorityHealthy is absent for a built-in authority about which there is nothing to say', () => {
  expect(authorityHealthyOf(builtIn, 'Proceed')).toBeUndefined();
});

test.each<[string, AuthorityState, 'Proceed' | 'Abort', object]>([
  [
    'an intermediate signs',
    plugged,
    'Proceed',
    {
      status: 'True',
      reason: 'Healthy',
      message: `Certificates are signed by the authority in ${secret}. ${ends}`,
    },
  ],
  [
    'its Secret is gone',
    { ...plugged, isAsWanted: false, problem: `${secret} does not exist.` },
    'Proceed',
    {
      reason: 'InvalidAuthority',
      message: `${secret} does not exist. Until this is corrected, the last valid authority signs certificates.`,
    },
  ],
  [
    'there never was a valid one',
    { ...coming, problem: `${secret} does not exist.` },
    'Proceed',
    {
      reason: 'InvalidAuthority',
      message: `${secret} does not exist. Until this is corrected, the built-in authority signs certificates.`,
    },
  ],
  [
    'it is to take over',
    coming,
    'Proceed',
    {
      reason: 'Pending',
      message: `The authority in ${secret} does not sign certificates yet. It takes over in a rotation of the root: see RootRotated.`,
    },
  ],
  [
    'it is to go',
    { ...plugged, wanted: null, isAsWanted: false },
    'Proceed',
    {
      reason: 'Pending',
      message:
        'A root of Meshwright does not sign certificates yet. It takes over in a rotation of the root: see RootRotated.',
    },
  ],
  [
    'it may not take over',
    coming,
    'Abort',
    {
      reason: 'Pending',
      message: `The authority in ${secret} does not sign certificates yet. Rotations of the root are aborted: set spec.certificates.rootRotation.mode to Proceed.`,
    },
  ],
  [
    'it waits for revoked certificates',
    { ...coming, isHeldByRevocations: true },
    'Proceed',
    {
      reason: 'Pending',
      message: `The authority in ${secret} does not sign certificates yet. Certificates are revoked, and the new authority cannot sign a list of them. It takes over when they have expired, at the latest after spec.certificates.workloadTTL. Wait.`,
    },
  ],
  [
    'it expires soon',
    { ...plugged, expiry: { root, intermediate, isSoon: true } },
    'Proceed',
    { reason: 'ExpiresSoon', message: `${ends} Renew the certificates in ${secret}.` },
  ],
  [
    'a root of the operator expires soon',
    { ...builtIn, expiry: { root, intermediate: null, isSoon: true } },
    'Proceed',
    {
      reason: 'ExpiresSoon',
      message:
        'The root certificate expires at 2036-05-01T12:00:00Z. Set spec.certificates.rootRotation.issuedAfter to the present time to replace the root.',
    },
  ],
  [
    'an issuer of cert-manager signs',
    issuer,
    'Proceed',
    {
      status: 'True',
      reason: 'Healthy',
      message: `Certificates are signed by ClusterIssuer mesh-ca. ${ends}`,
    },
  ],
  [
    'it is slow',
    { ...issuer, troubles: slow },
    'Proceed',
    {
      reason: 'IssuerSlow',
      message:
        'The certificate in Secret shop/a waits. It is slow. Certificates in use stay until they expire.',
    },
  ],
  [
    'it refuses',
    { ...issuer, troubles: { ...slow, kind: 'Refused' } },
    'Proceed',
    {
      reason: 'IssuerRefused',
      message:
        'The certificate in Secret shop/a waits. It is slow. Certificates in use stay until they expire.',
    },
  ],
  [
    'certificates expire soon',
    { ...issuer, troubles: slow, late },
    'Proceed',
    {
      reason: 'CertificatesExpireSoon',
      message:
        '3 certificates of workloads should have been renewed and expire soon, first that in Secret shop/a at 2026-05-02T12:00:00Z. The certificate in Secret shop/a waits. It is slow.',
    },
  ],
  [
    'certificates of the built-in authority have expired',
    { ...builtIn, late: { ...late, expired: 1 } },
    'Proceed',
    {
      reason: 'CertificatesExpired',
      message:
        '1 certificate of workloads expired, first that in Secret shop/a at 2026-05-02T12:00:00Z. Connections with them are refused. See the Ready condition and the operator log.',
    },
  ],
  [
    'the root of an issuer expires soon',
    { ...issuer, late, expiry: { root, intermediate: null, isSoon: true } },
    'Proceed',
    {
      reason: 'ExpiresSoon',
      message:
        'The root certificate expires at 2036-05-01T12:00:00Z. Renew the certificates of ClusterIssuer mesh-ca.',
    },
  ],
])('AuthorityHealthy says that %s', (_, state, mode, condition) => {
  const expected = { type: 'AuthorityHealthy', status: 'False', ...condition };
  expect(authorityHealthyOf(state, mode)).toEqual(expected);
});
