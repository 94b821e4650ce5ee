// What Programmed says of ports that are not Strict for good yet.
import { expect, test } from '@jest/globals';
import type { MtlsPlaceIr } from '../../../operator/ir/mtls-place.ts';
import type { Origin } from '../../../operator/ir/origin.ts';
import type { Programmed } from '../../../operator/status/programmed.ts';
import { unfinishedByOrigin, withUnfinished } from '../../../operator/status/strict-pending.ts';

const origin: Origin = { kind: 'SecurityPolicy', namespace: 'shop', name: 'reviews', generation: 2 };
const obeyed: Programmed = {
  condition: { type: 'Programmed', status: 'True', reason: 'Programmed', message: '3 of 3 sidecars obey.' },
  programmed: 3,
  total: 3,
};

function placeAt(port: number, state: Partial<MtlsPlaceIr>): MtlsPlaceIr {
  return {
    namespace: 'shop',
    owner: 'Deployment/reviews',
    port,
    isOther: false,
    wish: 'Strict',
    isStaged: false,
    isUnsettled: false,
    quietMs: 600_000,
    decidedBy: [origin],
    workloads: [{ key: 'Pod/shop/reviews-1', namedPorts: [] }],
    ...state,
  };
}

function told(...places: readonly MtlsPlaceIr[]): string {
  const { condition } = withUnfinished(obeyed, origin, unfinishedByOrigin({ places, reports: [] }));
  return `${condition.status} ${condition.reason} ${condition.message}`;
}

const staged = placeAt(9080, { isStaged: true });
const unsettled = placeAt(9090, { wish: 'Immediate', isUnsettled: true });
const notYet =
  'Strict is not in force on 1 port yet. To enforce it now, set mtls.transition.type to Immediate.';
const notSaved =
  'Strict is in force on 1 port, but the operator has not saved that yet: with mtls.transition.type Safe, plaintext would be accepted there again. If this lasts, the log of the operator says why.';

test.each([
  ['Strict for good', [placeAt(9080, {})], 'True Programmed 3 of 3 sidecars obey.'],
  ['staged', [staged], `False Pending ${notYet}`],
  ['Strict, which is not stored yet', [unsettled], `False Pending ${notSaved}`],
  ['one of each', [staged, unsettled], `False Pending ${notYet} ${notSaved}`],
])('%s', (_, places, expected) => {
  expect(told(...places)).toBe(expected);
});

test('that it stepped back is of before it was Strict at once', () => {
  const refused = { name: 'Pod old/legacy (10.0.0.7)', count: 1, lastMs: 0 };
  const waiting = { callers: [], silent: [], neededMs: 600_000, quietSinceMs: 0, refused: [refused] };
  const reports = [{ place: 'Port 9090 of Deployment shop/reviews', decidedBy: [origin], waiting }];
  const { condition } = withUnfinished(obeyed, origin, unfinishedByOrigin({ places: [unsettled], reports }));

  expect(condition).toMatchObject({ reason: 'Pending', message: notSaved });
});

test('what is worse stays', () => {
  const refused: Programmed = {
    ...obeyed,
    condition: { ...obeyed.condition, status: 'False', reason: 'Rejected', message: 'A sidecar refused it.' },
  };

  expect(withUnfinished(refused, origin, unfinishedByOrigin({ places: [unsettled], reports: [] }))).toBe(
    refused,
  );
});
