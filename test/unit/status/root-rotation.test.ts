import { describe, expect, test } from '@jest/globals';
import { beginRotation, type ProxyProof, type Rotation } from '../../../operator/certificates/rotation.ts';
import {
  rootRotatedOf,
  rootRotationField,
  type RotationReport,
} from '../../../operator/status/root-rotation.ts';
import { sampleRootRotation } from '../../support/mesh-samples.ts';

const since = Date.parse('2026-05-01T12:00:00Z');
const minute = new Date(since + 60_000);
const late = new Date(since + 3_600_000);

function proxy(workload: string, parts: Partial<ProxyProof> = {}): ProxyProof {
  const leaf = { root: 'old', issuedMs: 0 };
  return { workload, isConnected: true, missingSince: null, hasPublishedTrust: true, leaf, ...parts };
}

function report(
  rotation: Partial<Rotation> | null,
  proxies: readonly ProxyProof[] = [],
  parts: Partial<RotationReport> & { readonly last?: RotationReport['root']['last'] } = {},
): RotationReport {
  const facts = {
    issuedMs: 0,
    notAfterMs: since + 365 * 86_400_000,
    isOurs: true,
    isPlugged: false,
    isToChange: false,
  };
  const whole = rotation === null ? null : { ...beginRotation(since), ...rotation };
  const wanted = { trust: 'both', signer: 'new' };
  return {
    root: { rotation: whole, last: parts.last ?? null, wanted, facts },
    wish: { ...sampleRootRotation, ...parts.wish },
    evidence: { publishedTrust: 'both', proxies },
  };
}

const two = [proxy('Pod/shop/a'), proxy('Pod/shop/b', { hasPublishedTrust: false, isConnected: false })];

describe('RootRotated', () => {
  test('is absent before the first rotation', () => {
    expect(rootRotatedOf(report(null), minute)).toBeUndefined();
  });

  test.each<[string, RotationReport, Date, object]>([
    [
      'is about to begin',
      report(null, [], { wish: { ...sampleRootRotation, issuedAfterMs: since } }),
      minute,
      { reason: 'Pending', message: 'The root certificate is about to be replaced. Wait.' },
    ],
    [
      'in TrustBoth names who has yet to acknowledge',
      report({ phase: 'TrustBoth' }, two),
      minute,
      {
        reason: 'TrustBoth',
        message:
          'Proxies are told to trust both root certificates. Waiting for 1 proxy: Pod/shop/b (disconnected).',
      },
    ],
    [
      'in Switch names who shows another certificate, ten at most',
      report(
        { phase: 'Switch' },
        Array.from({ length: 12 }, (_, index) => proxy(`Pod/shop/${index}`)),
      ),
      minute,
      {
        reason: 'Switch',
        message:
          'All certificates are replaced by ones of the new root, and proxies reconnect with them. Waiting for 12 proxies: Pod/shop/0, Pod/shop/1, Pod/shop/2, Pod/shop/3, Pod/shop/4, Pod/shop/5, Pod/shop/6, Pod/shop/7, Pod/shop/8, Pod/shop/9 and 2 more.',
      },
    ],
    [
      'in Retire when all have done so',
      report({ phase: 'Retire' }, [proxy('Pod/shop/a')]),
      minute,
      {
        reason: 'Retire',
        message:
          'Proxies are told to trust only the new root and to forget the former one. All proxies have done so.',
      },
    ],
    [
      'after the time limit says what to do, and that nothing goes on by itself',
      report({ phase: 'TrustBoth' }, two),
      late,
      {
        reason: 'PhaseTimeout',
        message:
          'Proxies are told to trust both root certificates. Waiting for 1 proxy: Pod/shop/b (disconnected). This takes longer than phaseTimeout, and the rotation does not go on without them. Restart them or let them connect, delete those that no longer exist, or set spec.certificates.rootRotation.mode to Abort to go back.',
      },
    ],
    [
      'on the way back',
      report({ phase: 'Switch', isBack: true }, two),
      minute,
      {
        reason: 'Aborting',
        message:
          'The rotation is being aborted. All certificates are replaced by ones of the former root, and proxies reconnect with them. Waiting for 2 proxies: Pod/shop/a, Pod/shop/b (disconnected).',
      },
    ],
    [
      'after an abort',
      report(null, [], { last: { outcome: 'Aborted', atMs: since } }),
      minute,
      {
        reason: 'Aborted',
        message:
          'The rotation of the root certificate was aborted at 2026-05-01T12:00:00Z. The former root stays in use until 2027-05-01T12:00:00Z. To try again, set spec.certificates.rootRotation.issuedAfter to the present time.',
      },
    ],
  ])('is False: %s', (_, given, now, expected) => {
    expect(rootRotatedOf(given, now)).toEqual({ type: 'RootRotated', status: 'False', ...expected });
  });

  test('is True once it is complete', () => {
    const given = report(null, [], { last: { outcome: 'Completed', atMs: since } });

    expect(rootRotatedOf(given, minute)).toEqual({
      type: 'RootRotated',
      status: 'True',
      reason: 'Rotated',
      message:
        'The root certificate was replaced at 2026-05-01T12:00:00Z and is valid until 2027-05-01T12:00:00Z. No proxy trusts the former one.',
    });
  });
});

test('the field says phase, direction, since when, and how many are ready', () => {
  expect(rootRotationField(report({ phase: 'TrustBoth', isBack: true }, two))).toEqual({
    phase: 'TrustBoth',
    direction: 'Back',
    since: '2026-05-01T12:00:00Z',
    ready: 1,
    waitingFor: 1,
  });
  expect(rootRotationField(report(null))).toBeUndefined();
});
