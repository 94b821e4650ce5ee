// Sources of the last translation are fetched by the operator that leads, with real requests, and what comes of it is on the board.
import { expect, test } from '@jest/globals';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createKeyFetching } from '../../../operator/wiring/key-fetching.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rememberingLog } from '../../support/remembering-log.ts';
import { until } from '../../support/until.ts';

const source = {
  id: 'a',
  uri: 'https://127.0.0.1:9/jwks.json',
  issuer: null,
  caBundle: null,
  refreshMs: 300_000,
  providers: ['shop/reviews/corp'],
};

test('an address that is not allowed is not asked, and the report says so', async () => {
  const board = createBoard();
  const clock = new FakeClock();
  const metrics = createMetrics();
  const { leaderCallbacks } = createKeyFetching(board, {
    platform: {
      configMaps: {
        write: () => Promise.reject(new Error('nothing to write')),
        remove: () => Promise.reject(new Error('nothing to remove')),
      },
    },
    settings: { jwksAllowAddresses: [] },
    metrics,
    clock,
    log: rememberingLog().log,
  });
  board.translation.set({
    ir: null,
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [source],
  });
  await clock.pass(0);
  expect(board.keyReports.get()).toEqual([]);

  leaderCallbacks?.onStartedLeading();
  await clock.pass(0);
  await until('a report', () => board.keyReports.get()[0]?.problem !== null);

  expect(board.keyReports.get()).toMatchObject([
    { providers: ['shop/reviews/corp'], keys: null, problem: expect.stringContaining('is not allowed') },
  ]);
  expect(await metrics.render()).toContain('meshwright_jwks_fetches_total{result="failure"} 1');
  await leaderCallbacks?.onStoppedLeading();
  expect(board.keyReports.get()).toEqual([]);
  metrics.close();
});
