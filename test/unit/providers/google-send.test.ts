// Requests to a stand-in of Google's APIs that checks them by Google's definitions: credentials, refusals, and what becomes of the rest.
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import type { GoogleCloudIr } from '../../../operator/ir/provider.ts';
import { createGoogleSender } from '../../../operator/providers/google/send.ts';
import type { Sender } from '../../../operator/providers/sender.ts';
import { Closing } from '../../support/data-plane/closing.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Google, refusal, startGoogle } from '../../support/google/stand-in.ts';
import { countsOf, logsOf, pointOf, spansOf } from '../../support/telemetry/signals.ts';

const closing = new Closing();
afterAll(() => closing.close());

let google: Google;
let clock: FakeClock;
/** By name. */
let secrets: Record<string, Record<string, string>>;
beforeEach(async () => {
  google = await startGoogle(closing);
  clock = new FakeClock(Date.now());
  secrets = { account: { 'key.json': google.keyFile } };
});

function sender(parts: Partial<GoogleCloudIr> = {}): Sender {
  const { url } = google;
  const provider: GoogleCloudIr = {
    name: 'google',
    type: 'GoogleCloud',
    metrics: true,
    project: 'my-project-123',
    secretName: 'account',
    cluster: null,
    endpoints: { monitoring: url, logging: url, trace: url },
    ...parts,
  };
  const readSecret = (name: string): Promise<Record<string, string> | undefined> =>
    Promise.resolve(secrets[name]);
  // The stand-in knows what time it is, and believes no token from another.
  const host = {
    readSecret,
    clock: { now: Date.now, monotonicMs: clock.monotonicMs, after: clock.after },
    metadataServer: url,
  };
  const made = createGoogleSender(provider, host);
  closing.add(async () => made.close());
  return made;
}

test('each type goes to its API, with one token, and all of it is what Google describes', async () => {
  const { send } = sender();

  const outcomes = await Promise.all([
    send('logs', [logsOf('all', 'errors')]),
    send('spans', [spansOf('a', 'b')]),
    send('counts', [countsOf(clock.now(), pointOf())]),
  ]);

  expect(outcomes).toEqual([{ type: 'taken' }, { type: 'taken' }, { type: 'taken' }]);
  expect(google.mistakes).toEqual([]);
  expect(google.calls.toSorted()).toEqual([
    'POST /token',
    'POST /v2/entries:write',
    'POST /v2/projects/my-project-123/traces:batchWrite',
    'POST /v3/projects/my-project-123/timeSeries',
  ]);
  expect([google.entries.size, google.spans.length, google.series.length]).toEqual([2, 2, 1]);
});

test('without a key, the metadata server says who the operator is, and in which cluster pods are', async () => {
  const { send } = sender({ secretName: null });

  expect(await send('counts', [countsOf(clock.now(), pointOf())])).toEqual({ type: 'taken' });
  expect(google.series[0]?.resource).toMatchObject({
    type: 'k8s_pod',
    labels: { cluster_name: 'one', location: 'europe-west1', pod_name: 'reviews-1' },
  });
});

test('a token is used until shortly before it ends, and another one if it is not taken before', async () => {
  const { send } = sender();
  await send('logs', [logsOf('all')]);
  clock.spend(1_739_000);
  await send('logs', [logsOf('all')]);
  expect(google.tokens.given).toBe(1);
  clock.spend(1_000);
  await send('logs', [logsOf('all')]);
  expect(google.tokens.given).toBe(2);

  google.tokens.revoke();
  expect(await send('logs', [logsOf('all')])).toEqual({ type: 'taken' });
  expect(google.tokens.given).toBe(3);
});

test('a new token that is not taken either is told, once', async () => {
  const { send } = sender();
  google.forced.logging.push(refusal(401, 'UNAUTHENTICATED', 'no'), refusal(401, 'UNAUTHENTICATED', 'no'));

  expect(await send('logs', [logsOf('all')])).toEqual({
    type: 'failed',
    reason: 'HTTP 401 UNAUTHENTICATED no',
  });
  expect(google.calls.filter((call) => call.endsWith('entries:write'))).toHaveLength(2);
});

test.each([
  ['no Secret', () => ({}), "the Secret account of the operator's namespace has no key.json"],
  ['no JSON', () => ({ 'key.json': '-----BEGIN' }), 'key.json is not JSON'],
  [
    'another kind of key',
    () => ({ 'key.json': '{"type":"authorized_user","client_email":"x","private_key":"geheim"}' }),
    'key.json is not the key of a service account (wrong: type)',
  ],
  [
    'no PEM',
    () => ({
      'key.json': JSON.stringify({ ...(JSON.parse(google.keyFile) as object), private_key: 'geheim' }),
    }),
    'private_key in key.json cannot be read',
  ],
  [
    'the key of another account',
    () => ({ 'key.json': google.keyFile.replace('telemetry@', 'other@') }),
    'no token: HTTP 400 invalid_grant',
  ],
])('credentials: %s', async (_, secret, reason) => {
  secrets = { account: secret() };

  const outcome = await sender().send('logs', [logsOf('all')]);

  expect(outcome).toEqual({ type: 'failed', reason: expect.stringContaining(reason) });
  expect(JSON.stringify(outcome)).not.toContain('geheim');
});

test('a Secret that was corrected is used', async () => {
  const { send } = sender();
  secrets = {};
  expect(await send('logs', [logsOf('all')])).toMatchObject({ type: 'failed' });
  secrets = { account: { 'key.json': google.keyFile } };
  expect(await send('logs', [logsOf('all')])).toEqual({ type: 'taken' });
});

test('what is sent again, because Google was not there, is counted and logged once', async () => {
  const { send } = sender();
  const [counts, logs] = [countsOf(clock.now(), pointOf({ count: 3 })), logsOf('all')];
  google.forced.monitoring.push(refusal(503, 'UNAVAILABLE', 'later'));
  google.forced.logging.push(refusal(429, 'RESOURCE_EXHAUSTED', 'quota'));
  expect(await send('counts', [counts])).toEqual({ type: 'failed', reason: 'HTTP 503 UNAVAILABLE later' });
  expect(await send('logs', [logs])).toEqual({ type: 'failed', reason: 'HTTP 429 RESOURCE_EXHAUSTED quota' });

  await send('counts', [counts]);
  await send('logs', [logs]);
  await send('logs', [logs]);

  expect(google.series.map(({ points }) => points[0]?.value)).toEqual([{ int64Value: '3' }]);
  expect(google.entries.size).toBe(1);
});

test('of many series, those of a request that failed are written by the next attempt, within the pace of Google', async () => {
  const { send } = sender();
  const points = Array.from({ length: 450 }, (_, at) => pointOf({ tags: { route: `r${at}` } }));
  google.forced.monitoring.push(refusal(503, 'UNAVAILABLE', 'later'));
  const first = [countsOf(clock.now(), ...points)];
  expect(await send('counts', first)).toMatchObject({ type: 'failed' });
  expect(await send('counts', first)).toEqual({ type: 'taken' });
  expect(google.series).toHaveLength(450);

  clock.spend(1_000);
  const second = send('counts', [countsOf(clock.now(), pointOf({ tags: { route: 'r0' } }))]);
  await clock.pass(4_000);
  expect(await second).toEqual({ type: 'taken' });
  expect(google.mistakes).toEqual([]);
  expect(google.series.at(-1)?.points[0]?.value).toEqual({ int64Value: '2' });
});

test('what Google refuses of a message is told, and the series begin anew', async () => {
  const { send } = sender();
  const counts = (): ReturnType<typeof countsOf> =>
    countsOf(clock.now(), pointOf(), pointOf({ tags: { route: 'a' } }));
  // Another replica has written a part of that time.
  await sender().send('counts', [countsOf(clock.now(), pointOf())]);
  expect(await send('counts', [counts()])).toMatchObject({
    type: 'partly',
    refused: 1,
    reason: expect.stringContaining('more than one point in five seconds'),
  });
  clock.spend(10_000);
  expect(await send('counts', [counts()])).toEqual({ type: 'taken' });
});

test('an API that is turned off, or a role that is missing, keeps what waits', async () => {
  const { send } = sender();
  google.forced.trace.push(refusal(403, 'PERMISSION_DENIED', 'Cloud Trace API has not been used'));

  expect(await send('spans', [spansOf('a')])).toEqual({
    type: 'failed',
    reason: 'HTTP 403 PERMISSION_DENIED Cloud Trace API has not been used',
  });
});

test('nobody there', async () => {
  const nobody = 'http://127.0.0.1:1';
  const { send } = sender({ endpoints: { monitoring: nobody, logging: nobody, trace: nobody } });

  for (const [type, signal] of [
    ['logs', logsOf('all')],
    ['counts', countsOf(clock.now(), pointOf())],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await send(type, [signal])).toMatchObject({ type: 'failed', reason: expect.stringMatching(/./) });
  }
});
