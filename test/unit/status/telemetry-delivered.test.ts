// What the Mesh says of the providers of telemetry.
import { expect, test } from '@jest/globals';
import { telemetryDeliveredOf } from '../../../operator/status/telemetry-delivered.ts';

const well = { name: 'collector', trouble: null, dropped: 0 };
const trouble = { reason: 'UNAVAILABLE: no connection', sinceMs: Date.UTC(2026, 0, 1) };

test.each([
  ['without providers there is no condition', [], []],
  ['all is well', [well], ['True Delivered: Providers that take what they are sent: collector.']],
  [
    'nothing is lost yet',
    [well, { name: 'plugin', trouble, dropped: 0 }],
    [
      'False ProviderUnavailable: Provider plugin has not taken what it is sent since 2026-01-01T00:00:00Z (UNAVAILABLE: no connection). Nothing is lost yet. Act on the reason; if it is a failed connection, check the endpoint, and whether the operator may connect to it.',
    ],
  ],
  [
    'something is lost',
    [{ name: 'plugin', trouble, dropped: 3 }],
    [
      'False ProviderUnavailable: Provider plugin has not taken what it is sent since 2026-01-01T00:00:00Z (UNAVAILABLE: no connection). Some of it is lost: meshwright_telemetry_signals_total says how much. Act on the reason; if it is a failed connection, check the endpoint, and whether the operator may connect to it.',
    ],
  ],
])('%s', (_, reports, expected) => {
  const lines = telemetryDeliveredOf(reports).map(
    ({ status, reason, message }) => `${status} ${reason}: ${message}`,
  );

  expect(lines).toEqual(expected);
});
