// Two replicas serve proxies over mutual TLS; the leader's reports include the proxies of the other one, and say nothing
// that these have not acknowledged.
import { isDeepStrictEqual } from 'node:util';
import { Client, status } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Authority } from '../../operator/certificates/authority.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { quotasPath, reportPath } from '../../operator/replicas/service.ts';
import { asIs } from '../../operator/xds/server/service.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { startPodProxy } from '../support/pod-proxy.ts';
import { startReplica, type Contents, type ReplicaOptions, type TestReplica } from '../support/replica.ts';
import { clientEnd, freshAuthority, operatorId } from '../support/xds-certificates.ts';
import { connectXds, type XdsClient } from '../support/xds-client.ts';
import { sample } from '../support/xds-server.ts';

const identity = 'spiffe://cluster.local/ns/shop/sa/app';

let authority: Authority;
beforeAll(async () => {
  authority = await freshAuthority();
});

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- proxies before their replicas
    await close();
  }
});

async function replica(name: string, options: Partial<ReplicaOptions> = {}): Promise<TestReplica> {
  const it = await startReplica({ name, authority, identityOf: () => identity, ...options });
  opened.push(() => it.stop());
  return it;
}

/** Two replicas, the first of them the leader. */
async function pair(options: Partial<ReplicaOptions> = {}): Promise<[TestReplica, TestReplica]> {
  const [a, b] = [await replica('a', options), await replica('b', options)];
  for (const it of [a, b]) it.replicas.setHolder(a.holder);
  return [a, b];
}

/** A proxy of our own making, that acknowledges when it is told to. */
async function connect(to: TestReplica, name: string, who = identity, trust = authority): Promise<XdsClient> {
  const xds = connectXds({
    port: to.port,
    variant: 'delta',
    credentials: (await clientEnd(trust, who)).credentials,
  });
  opened.push(() => xds.close());
  xds.start(`Pod~shop~${name}~uid`, url.cluster);
  return xds;
}

/** One that has acknowledged what there is. */
async function obedient(to: TestReplica, name: string): Promise<XdsClient> {
  const xds = await connect(to, name);
  xds.ack(await xds.next());
  return xds;
}

/** A real Envoy. */
async function envoyOf(to: TestReplica, name: string): Promise<void> {
  const { certificate, privateKey } = await authority.issue({ spiffeId: identity, ttlMs: 3_600_000 });
  const proxy = await startPodProxy({
    pod: { namespace: 'shop', name, uid: 'uid' },
    secret: { 'tls.crt': certificate, 'tls.key': privateKey, 'ca.crt': authority.trustBundle() },
    xds: { address: '127.0.0.1', port: to.port, serverSpiffeId: operatorId },
  });
  opened.push(() => proxy.stop());
}

interface Reporter {
  readonly ended: Promise<{ readonly code: status; readonly details: string }>;
  send(text: string): void;
}

/** Somebody who reports with a certificate of the mesh. */
async function reporter(to: TestReplica, who: string, path = reportPath): Promise<Reporter> {
  const { credentials } = await clientEnd(authority, who);
  const client = new Client(`127.0.0.1:${to.port}`, credentials, { 'grpc.use_local_subchannel_pool': 1 });
  opened.push(() => client.close());
  const call = client.makeBidiStreamRequest(path, asIs, asIs);
  call.on('error', () => undefined).on('data', () => undefined);
  const ended = new Promise<{ code: status; details: string }>((resolve) => {
    call.on('status', ({ code, details }) => resolve({ code, details }));
  });
  return { ended, send: (text) => void call.write(Buffer.from(text)) };
}

const contents = (mark: string, ...names: readonly string[]): Contents => {
  const own = names.map((name) => [`Pod/shop/${name}`, []] as const);
  return { shared: [sample(url.cluster, 'a', mark)], ...Object.fromEntries(own) };
};

/** How the leader sees its proxies: by name, what they lag on. */
function seenBy(leader: TestReplica): Readonly<Record<string, readonly string[]>> {
  const entries = leader.replicas
    .proxies()
    .map(({ workload, lagging }) => [workload.slice('Pod/shop/'.length), lagging.map(({ name }) => name)]);
  return Object.fromEntries(entries) as Readonly<Record<string, readonly string[]>>;
}

/** Workloads of which only is known what they had when they left. */
function outOfReach(leader: TestReplica): readonly string[] {
  return leader.replicas.proxies().flatMap(({ workload, leftAtMs }) => (leftAtMs === null ? [] : [workload]));
}

async function until(holds: () => boolean): Promise<void> {
  const ask = (): Promise<true | undefined> => Promise.resolve(holds() || undefined);
  await poll(ask, { intervalMs: 10, deadlineMs: 60_000 });
}

/** What the leader sees comes to be this. */
async function expectSeen(leader: TestReplica, expected: ReturnType<typeof seenBy>): Promise<void> {
  const isSo = (): boolean => isDeepStrictEqual(seenBy(leader), expected);
  // The assertion shows the difference.
  await until(isSo).catch(() => undefined);
  expect(seenBy(leader)).toEqual(expected);
}

test('a proxy of another replica is current when it has acknowledged what the leader asks for, no sooner', async () => {
  const [a, b] = await pair();
  for (const it of [a, b]) it.publish(contents('1', 'p', 'q'));
  const p = await connect(a, 'p');
  const q = await connect(b, 'q');
  p.ack(await p.next());
  const first = await q.next();
  await expectSeen(a, { p: [], q: ['a'] });

  q.ack(first);
  await expectSeen(a, { p: [], q: [] });

  b.publish(contents('2', 'p', 'q'));
  q.ack(await q.next());
  await expectSeen(a, { p: [], q: ['a'] });

  a.publish(contents('2', 'p', 'q'));
  // It lagged on that for as long as the leader had another version, whether its acknowledgement had been told or not.
  await expectSeen(a, { p: ['a'], q: [] });
  expect(seenBy(b)).toEqual({ q: [] });
});

test('a replica that is behind makes its proxies lag, with the origins of the leader', async () => {
  const [a, b] = await pair();
  for (const it of [a, b]) it.publish(contents('1', 'q'));
  const q = await connect(b, 'q');
  q.ack(await q.next());
  await expectSeen(a, { q: [] });

  a.publish({ ...contents('2', 'q'), 'Pod/shop/q': [sample(url.cluster, 'new')] });

  const origin = (name: string): object => ({ kind: 'Test', namespace: '', name, generation: 1 });
  expect(a.replicas.proxies()).toMatchObject([
    {
      workload: 'Pod/shop/q',
      layers: ['shared', 'Pod/shop/q'],
      lagging: [
        { typeUrl: url.cluster, name: 'a', origins: [origin('a')] },
        { typeUrl: url.cluster, name: 'new', origins: [origin('new')] },
      ],
      rejected: [],
      atRest: false,
    },
  ]);
  expect(a.replicas.workloads()).toEqual(new Set(['Pod/shop/q']));
});

test('what a real Envoy of another replica refuses is seen with its words, until something else is asked for', async () => {
  const [a, b] = await pair();
  const broken = { ...sample(url.cluster, 'broken'), message: { name: 'broken', type: 'EDS' } };
  const withBroken = (mark: string): Contents => ({ ...contents(mark, 'e'), 'Pod/shop/e': [broken] });
  for (const it of [a, b]) it.publish(withBroken('1'));
  await envoyOf(b, 'e');

  // It sends all of a refused response again, so the others lag for a moment, too.
  await until(() => a.replicas.proxies()[0]?.rejected.length === 1 && seenBy(a)['e']?.length === 1);
  expect(a.replicas.proxies()).toMatchObject([
    {
      workload: 'Pod/shop/e',
      lagging: [{ name: 'broken' }],
      rejected: [
        {
          typeUrl: url.cluster,
          name: 'broken',
          origins: broken.origins,
          message: expect.stringContaining('cannot create an EDS cluster without an EDS config'),
        },
      ],
    },
  ]);

  a.publish({ ...contents('1', 'e'), 'Pod/shop/e': [sample(url.cluster, 'broken', 'mended')] });
  expect(a.replicas.proxies()).toMatchObject([{ lagging: [{ name: 'broken' }], rejected: [] }]);
  b.publish({ ...contents('1', 'e'), 'Pod/shop/e': [sample(url.cluster, 'broken', 'mended')] });
  await expectSeen(a, { e: [] });
});

test('the proxies of a replica that has died are out of reach; those that moved are not', async () => {
  const [a, b] = await pair();
  for (const it of [a, b]) it.publish(contents('1', 'p', 'q'));
  await Promise.all([obedient(b, 'p'), obedient(b, 'q')]);
  await expectSeen(a, { p: [], q: [] });

  const moved = await connect(a, 'q');
  const response = await moved.next();
  // It may be a second one of the same identity.
  expect(
    a.replicas
      .proxies()
      .map(({ workload }) => workload)
      .toSorted(),
  ).toEqual(['p', 'q', 'q'].map((name) => `Pod/shop/${name}`));
  moved.ack(response);
  await b.stop();

  await until(() => outOfReach(a).length > 0);
  await expectSeen(a, { p: [], q: [] });
  expect(outOfReach(a)).toEqual(['Pod/shop/p']);
  a.publish(contents('2', 'p', 'q'));
  moved.ack(await moved.next());
  await expectSeen(a, { p: ['a'], q: [] });

  a.publish(contents('2', 'q'));
  expect(a.replicas.proxies()).toHaveLength(1);
});

test('a proxy that ends its stream is out of reach at once, and gone with its workload', async () => {
  const [a, b] = await pair();
  for (const it of [a, b]) it.publish(contents('1', 'q'));
  const xds = await obedient(b, 'q');
  await expectSeen(a, { q: [] });

  xds.close();

  await until(() => outOfReach(a).length > 0);
  expect([outOfReach(a), outOfReach(b)]).toEqual([['Pod/shop/q'], ['Pod/shop/q']]);
  for (const it of [a, b]) it.publish(contents('1', 'p'));
  expect([a, b].map((it) => it.replicas.proxies())).toEqual([[], []]);
});

test('another leader is told everything; the former one speaks for itself only', async () => {
  const [a, b] = await pair();
  for (const it of [a, b]) it.publish(contents('1', 'p', 'q'));
  await Promise.all([obedient(a, 'p'), obedient(b, 'q')]);
  await expectSeen(a, { p: [], q: [] });

  for (const it of [b, a]) it.replicas.setHolder(b.holder);

  await expectSeen(b, { p: [], q: [] });
  expect(seenBy(a)).toEqual({ p: [] });
});

test('a stream that breaks is made anew, and nobody sees the proxies leave', async () => {
  const [a, b] = await pair();
  for (const it of [a, b]) it.publish(contents('1', 'q'));
  const xds = await obedient(b, 'q');
  await expectSeen(a, { q: [] });
  const before = a.changes();

  b.replicas.setHolder('');
  b.replicas.setHolder(a.holder);
  await until(() => {
    expect(seenBy(a)).toEqual({ q: [] });
    return a.changes() > before;
  });
  a.publish(contents('2', 'q'));
  b.publish(contents('2', 'q'));
  xds.ack(await xds.next());

  await expectSeen(a, { q: [] });
});

test('a large state arrives, in many messages', async () => {
  const [a, b] = await pair();
  const many = Array.from({ length: 3000 }, (_, index) =>
    sample(url.cluster, `outbound/service-${index}.shop:8080`),
  );
  for (const it of [a, b]) it.publish({ shared: many, 'Pod/shop/q': [] });

  const xds = await connect(b, 'q');
  const response = await xds.next();
  await until(() => seenBy(a)['q']?.length === 3000);
  xds.ack(response);

  await expectSeen(a, { q: [] });
  expect(response.resources).toHaveLength(3000);
});

test('new certificates of a new root are used from the next connection on', async () => {
  const [a, b] = await pair();
  for (const it of [a, b]) it.publish(contents('1', 'q'));
  const next = await freshAuthority();
  await Promise.all([a.renew(next), b.renew(next)]);

  for (const it of [a, b]) it.replicas.setHolder('');
  for (const it of [a, b]) it.replicas.setHolder(a.holder);
  const xds = await connect(b, 'q', identity, next);
  xds.ack(await xds.next());

  await expectSeen(a, { q: [] });
  expect(a.logged()).toContainEqual(expect.objectContaining({ message: 'replica connected' }));
});

test('what sidecars report of quotas goes to the leader, and what they are assigned to where they report', async () => {
  const [a, b] = await pair();
  const sidecar = 'Pod/shop/q';
  const bytes = Buffer.from('as Envoy sends it\n');
  a.replicas.quota({ type: 'assignment', sidecar, bytes });
  b.replicas.quota({ type: 'report', sidecar, bytes });
  await until(() => a.quotas.length > 0);

  a.replicas.quota({ type: 'assignment', sidecar: 'Pod/shop/unknown', bytes });
  a.replicas.quota({ type: 'assignment', sidecar, bytes: Buffer.alloc(0) });
  await until(() => b.quotas.length > 0);

  expect(a.quotas).toEqual([{ type: 'report', sidecar, bytes }]);
  expect(b.quotas).toEqual([{ type: 'assignment', sidecar, bytes: Buffer.alloc(0) }]);
});

test('reports of quotas go to the next leader, which is not told what the former was', async () => {
  const [a, b] = await pair();
  const report = { type: 'report', sidecar: 'Pod/shop/q', bytes: Buffer.from('1') } as const;
  b.replicas.quota(report);
  await until(() => a.quotas.length > 0);

  for (const it of [b, a]) it.replicas.setHolder(b.holder);
  a.replicas.quota({ ...report, bytes: Buffer.from('2') });
  await until(() => b.quotas.length > 0);

  expect(b.quotas).toEqual([{ ...report, bytes: Buffer.from('2') }]);
  expect(a.quotas).toEqual([report]);
});

test('a leader that knows nothing of quotas is told the rest', async () => {
  const [a, b] = await pair({ isOld: true });
  for (const it of [a, b]) it.publish(contents('1', 'q'));
  b.replicas.quota({ type: 'report', sidecar: 'Pod/shop/q', bytes: Buffer.from('1') });

  await obedient(b, 'q');

  await expectSeen(a, { q: [] });
  expect(b.logged().map(({ message }) => message)).toEqual(['reporting to the leader']);
});

test('what does not name its sidecar ends the stream with INVALID_ARGUMENT', async () => {
  const [a] = await pair();
  const peer = await reporter(a, operatorId, quotasPath);

  peer.send('no line');

  expect((await peer.ended).code).toBe(status.INVALID_ARGUMENT);
});

describe('who is not a replica', () => {
  test.each([
    ['report', reportPath],
    ['pass on reports of quotas', quotasPath],
  ])('a workload with a valid certificate of the mesh may not %s', async (_what, path) => {
    const [a] = await pair();
    const peer = await reporter(a, identity, path);

    expect(await peer.ended).toEqual({
      code: status.PERMISSION_DENIED,
      details: 'only replicas of the operator may report',
    });
    expect(a.logged()).toContainEqual({
      level: 'warn',
      message: 'not a replica of ours',
      peer: expect.any(String),
      identity: `URI:${identity}`,
    });
  });

  test('a workload with a valid certificate of the mesh is told nothing, whatever the Lease says', async () => {
    const b = await replica('b');
    const thief = await replica('thief', { spiffeId: identity });
    b.publish(contents('1', 'q'));

    thief.replicas.setHolder(thief.holder);
    b.replicas.setHolder(thief.holder);

    await until(() => b.logged().some(({ message }) => message === 'not reporting to the leader'));
    expect(b.logged()).toContainEqual(
      expect.objectContaining({
        why: expect.stringContaining(`the server is ${identity}, not ${operatorId}`),
      }),
    );
    expect(thief.changes()).toBe(0);
  });

  test.each([reportPath, quotasPath])('a replica that does not lead says so: %s', async (path) => {
    const [, b] = await pair();
    const peer = await reporter(b, operatorId, path);

    expect(await peer.ended).toEqual({
      code: status.FAILED_PRECONDITION,
      details: 'this replica is not the leader',
    });
  });

  test.each([
    ['no JSON', 'hello'],
    ['another shape', '{"replica":"x","changes":[{"type":"boom"}],"end":true}'],
    [
      'a proxy nobody has spoken of',
      '{"replica":"x","changes":[{"type":"ackState","ids":[7],"lagging":[],"rejected":[],"atRest":true}],"end":true}',
    ],
  ])('%s ends the stream with INVALID_ARGUMENT', async (_what, text) => {
    const [a] = await pair();
    const peer = await reporter(a, operatorId);

    peer.send(text);

    expect((await peer.ended).code).toBe(status.INVALID_ARGUMENT);
    expect(a.logged()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'replica report rejected' }),
    );
    expect(seenBy(a)).toEqual({});
  });
});
