// Real Envoys against our server, in both variants of the protocol, through all that happens to a mesh in a day, under a
// steady load: Envoy's own counters say what it did, its access log who failed. One Envoy lives through all of it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { issue, makeTestRoot } from '../support/data-plane/certificate-folder.ts';
import type { EnvoyProcess } from '../support/envoy.ts';
import { startLoadProcess, type LoadCounts, type LoadProcess } from '../support/envoy/load.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { call } from '../support/data-plane/callers.ts';
import { moved, startXdsEnvoy, testimony, type Testimony } from '../support/xds-envoy.ts';
import { Replicas } from '../support/xds-replicas.ts';
import { shop, type Service } from '../support/xds-shop.ts';

const perSecond = 400;
const nodeId = 'ExternalWorkload~test~proxy~';

describe.each(['delta', 'sotw'] as const)('an Envoy of the variant %s', (variant) => {
  const closing = new Closing();
  let load: LoadProcess;
  let apps: readonly number[];
  let replicas: Replicas;
  let envoy: EnvoyProcess;
  let listenerPort: number;
  let dir: string;
  let services: readonly Service[] = [];

  beforeAll(async () => {
    load = startLoadProcess();
    closing.add(() => load.close());
    apps = await load.applications(['one', 'two', 'three']);
    listenerPort = await freePort();
    replicas = await Replicas.reserve('ExternalWorkload/test/proxy', 2);
    closing.add(() => replicas.stopAll());
    dir = await mkdtemp(join(tmpdir(), `meshwright-${variant}-`));
    closing.add(() => rm(dir, { recursive: true, force: true }));
  });
  afterAll(() => closing.close());

  const app = (index: number): number => apps[index] ?? 0;

  function publish(next: readonly Service[]): void {
    services = next;
    replicas.publish(shop({ variant, listenerPort, services }));
  }

  const settled = (): Promise<boolean> => envoy.waitFor(() => replicas.areSettled());

  async function publishAndSettle(next: readonly Service[]): Promise<void> {
    publish(next);
    await settled();
  }

  interface Watched {
    readonly counts: LoadCounts;
    /** The counters that moved. */
    readonly moved: Partial<Testimony>;
    /** Lines of the access log about the load: `503 NC s0`, `400 DPE -`. Those about calls to other hosts before may come only now. */
    readonly flags: readonly string[];
  }

  /** What happens to a steady load, and to Envoy, meanwhile. */
  async function watch(events: () => Promise<unknown>, rate = perSecond): Promise<Watched> {
    await envoy.waitFor(forgotten);
    const before = await testimony(envoy);
    const logged = (await failures()).length;
    await load.start({ port: listenerPort, host: 's0', perSecond: rate });
    await answered(40);
    await events();
    await answered(40);
    const counts = await load.stop();
    return {
      counts,
      moved: moved(before, await testimony(envoy)),
      flags: (await failures()).slice(logged).filter((line) => / (?:s0|-)$/.test(line)),
    };
  }

  /** Counters of clusters that were removed go a moment after that was acknowledged, and would be missing from what is summed up. */
  async function forgotten(): Promise<boolean> {
    const present = new Set(['xds', ...services.map(({ name, cluster = name }) => cluster)]);
    const counters = [...(await envoy.stats(String.raw`^cluster\.[^.]+\.upstream_cx_destroy$`)).keys()];
    return counters.every((name) => present.has(name.split('.')[1] ?? ''));
  }

  /** So many more requests have been answered. */
  async function answered(more: number): Promise<void> {
    const count = (): Promise<number> => envoy.stat('http.all.downstream_rq_completed');
    const before = await count();
    await envoy.waitFor(async () => (await count()) >= before + more);
  }

  async function failures(): Promise<readonly string[]> {
    const text = await readFile(join(dir, 'failures'), 'utf8').catch(() => '');
    return text.split('\n').slice(0, -1);
  }

  /** Who failed, and what Envoy did to its configuration. `ignored`: counters that may move. */
  function told({ counts, flags, moved: counters }: Watched, ...ignored: readonly string[]): object {
    const counted = Object.entries(counters).filter(([name]) => !ignored.includes(name));
    const unanswered = counts.sent - counts.ok;
    return { failures: counts.failures, unanswered, flags, counters: Object.fromEntries(counted) };
  }

  function nobodyFails(counters: Partial<Testimony>): object {
    return { failures: {}, unanswered: 0, flags: [], counters };
  }

  const answersOf = async (host: string): Promise<string> =>
    (await call(listenerPort, { headers: { host } })).body;

  test('starts with an empty mesh, at once', async () => {
    await replicas.start(0);
    const startedAtMs = performance.now();
    envoy = await startXdsEnvoy({
      variant,
      ports: replicas.ports,
      nodeId,
      dir,
      hotRestart: { epoch: 0, baseId: listenerPort },
      args: ['--drain-time-s', '1', '--parent-shutdown-time-s', '2'],
    });
    closing.add(() => envoy.stop());

    await envoy.waitFor(() => envoy.ready());

    // Unanswered requests would hold it up for 15 s each.
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
    expect(await testimony(envoy)).toMatchObject({ rejected: 0, listenersAdded: 0, clustersWarming: 0 });
  });

  test('takes the first services', async () => {
    await publishAndSettle([
      { name: 's0', ports: [app(0)] },
      { name: 's1', ports: [app(1)] },
    ]);

    expect([await answersOf('s0'), await answersOf('s1')]).toEqual(['one', 'two']);
    expect(await testimony(envoy)).toMatchObject({ rejected: 0, listenersAdded: 1, clustersWarming: 0 });
  });

  test('endpoints change: no cluster, no listener moves, nobody fails', async () => {
    const others = services.slice(1);
    const added = await watch(() => publishAndSettle([{ name: 's0', ports: [app(0), app(2)] }, ...others]));
    const removed = await watch(() => publishAndSettle([{ name: 's0', ports: [app(2)] }, ...others]));

    expect(told(added)).toEqual(nobodyFails({}));
    expect(told(removed, 'connectionsDestroyed')).toEqual(nobodyFails({}));
    expect(await answersOf('s0')).toBe('three');
  });

  test('a cluster changes: it warms without those who use it noticing', async () => {
    const seen = await watch(() =>
      publishAndSettle([{ name: 's0', ports: [app(0)], connectTimeoutMs: 50_000 }, ...services.slice(1)]),
    );

    expect(told(seen, 'connectionsDestroyed')).toEqual(nobodyFails({ clustersModified: 1 }));
  });

  test('a cluster is replaced under its route', async () => {
    const seen = await watch(() =>
      publishAndSettle([{ name: 's0', cluster: 'other', ports: [app(2)] }, ...services.slice(1)]),
    );

    const expected = nobodyFails({ clustersAdded: 1, clustersRemoved: 1 });
    expect(told(seen, 'connectionsDestroyed')).toEqual(expected);
    expect(await answersOf('s0')).toBe('three');
  });

  test('100 services come and go', async () => {
    const hundred = Array.from({ length: 100 }, (_, index) => ({ name: `n${index}`, ports: [app(1)] }));
    const few = services;
    const added = await watch(() => publishAndSettle([...few, ...hundred]));
    const inside = await answersOf('n99');
    const removed = await watch(() => publishAndSettle(few));

    expect(told(added)).toEqual(nobodyFails({ clustersAdded: 100 }));
    expect(inside).toBe('two');
    expect(told(removed, 'connectionsDestroyed')).toEqual(nobodyFails({ clustersRemoved: 100 }));
  });

  test.each(['cluster', 'host'] as const)(
    'a bad %s is refused, the rest arrives, and it recovers',
    async (flaw) => {
      const [s0, s1] = services as [Service, Service];
      const seen = await watch(async () => {
        await publishAndSettle([
          { ...s0, ports: [app(0)] },
          { ...s1, flaw },
          { name: 's2', ports: [app(1)] },
        ]);
        expect(replicas.streams().map(({ rejected }) => rejected)).toEqual([
          [flaw === 'cluster' ? 's1' : variant === 'delta' ? 'table/s1' : 'table'],
        ]);
        const before = await testimony(envoy);
        await publishAndSettle([
          { ...s0, ports: [app(2)] },
          { ...s1, flaw },
          { name: 's2', ports: [app(1)] },
        ]);
        // What was refused is not sent again.
        expect((await testimony(envoy)).rejected).toBe(before.rejected);
      });
      // One route table is one resource: with it s2 has to wait.
      const s2 = flaw === 'host' && variant === 'sotw' ? '' : 'two';
      const during = [await answersOf('s1'), await answersOf('s2')];
      await publishAndSettle([s0, s1]);
      const after = await answersOf('s1');

      expect({ failures: seen.counts.failures, flags: seen.flags }).toEqual({ failures: {}, flags: [] });
      expect(seen.moved.rejected).toBeGreaterThan(0);
      expect([during, after]).toEqual([['two', s2], 'two']);
      expect(replicas.streams().map(({ rejected }) => rejected)).toEqual([[]]);
    },
  );

  test('roots of trust are rotated under requests', async () => {
    const [first, second] = [await makeTestRoot('old.local'), await makeTestRoot('new.local')];
    const [one, two] = [
      await issue(first, 'spiffe://old.local/s'),
      await issue(second, 'spiffe://new.local/s'),
    ];
    const pem = ({ certificate, privateKey }: typeof one): object => ({ cert: certificate, key: privateKey });
    const server = createServer(pem(one), (_request, response) => response.end('secure'));
    // So that there are new connections all the time.
    server.maxRequestsPerSocket = 5;
    // Closing idle ones would race with the next request.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.add(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const ports = [(server.address() as AddressInfo).port];
    const secured = (roots: string): readonly Service[] => [
      { name: 's0', cluster: 'secure', ports, roots },
      ...services.slice(1),
    ];
    const plain = services;
    await publishAndSettle(secured(first.certificate));
    const updates = (): Promise<number> =>
      envoy.stat('cluster.secure.client_ssl_socket_factory.ssl_context_update_by_sds');
    const before = await updates();

    const rotate = async (): Promise<void> => {
      await publishAndSettle(secured(`${first.certificate}\n${second.certificate}`));
      await answered(20);
      server.setSecureContext(pem(two));
      await answered(20);
      await publishAndSettle(secured(second.certificate));
    };
    const seen = await watch(rotate, 100);

    expect(told(seen, 'connectionsDestroyed')).toEqual(nobodyFails({}));
    // There have been new ones.
    expect(seen.moved.connectionsDestroyed).toBeGreaterThan(0);
    expect(await updates()).toBe(before + 2);
    await publishAndSettle(plain);
  });

  /** What a new stream costs when nothing has changed: named resources are answered in state of the world, whatever the client says it has. */
  const namedResources = (): number => (variant === 'delta' ? 0 : services.length + 1);

  /** It asks for one type after the other, and has all there is before it has asked for the last. */
  async function askedForAll(counted: { readonly resources: number }): Promise<void> {
    await envoy.waitFor(() => counted.resources >= namedResources() && replicas.areSettled());
  }

  test('the operator restarts: nothing moves', async () => {
    let counted = { resources: -1 };
    const seen = await watch(async () => {
      await replicas.stop(0);
      counted = await replicas.start(0);
      await askedForAll(counted);
    });

    expect(told(seen)).toEqual(nobodyFails({}));
    expect(counted.resources).toBe(namedResources());
  });

  test('it moves to another replica: nothing moves', async () => {
    let counted = { resources: -1 };
    const seen = await watch(async () => {
      counted = await replicas.start(1);
      await replicas.stop(0);
      await askedForAll(counted);
    });

    expect(told(seen)).toEqual(nobodyFails({}));
    expect(replicas.streams().map(({ index }) => index)).toEqual([1]);
    expect(counted.resources).toBe(namedResources());
  });

  test('its connection is recycled again and again: nothing moves', async () => {
    let counted = { begun: 0, resources: -1 };
    const seen = await watch(async () => {
      counted = await replicas.start(0, { connectionAgeMs: 400 });
      await replicas.stop(1);
      await envoy.waitFor(() => counted.begun >= 4 && replicas.areSettled());
    });
    const resources = counted.resources;
    await replicas.start(1);
    await replicas.stop(0);
    await settled();

    expect(told(seen)).toEqual(nobodyFails({}));
    // Of the last stream some may still be missing.
    expect(resources).toBeLessThanOrEqual(namedResources() * counted.begun);
  });

  test('a new process takes over while the old one drains: both streams of the node are served', async () => {
    const [before, { rejected }] = [await failures(), await testimony(envoy)];
    await load.start({ port: listenerPort, host: 's0', perSecond });
    const next = await startXdsEnvoy({
      variant,
      ports: replicas.ports,
      nodeId,
      dir: join(dir, 'next'),
      hotRestart: { epoch: 1, baseId: listenerPort },
      args: ['--drain-time-s', '1', '--parent-shutdown-time-s', '2'],
    });
    closing.add(() => next.stop());
    await next.waitFor(() => replicas.areSettled(2));
    const old = services;
    services = [{ name: 's0', ports: [app(0)] }, ...old.slice(1)];
    replicas.publish(shop({ variant, listenerPort, services }));
    await next.waitFor(() => replicas.areSettled(2));
    await next.waitFor(() => !envoy.running());
    await next.waitFor(() => replicas.areSettled(1));
    const counts = await load.stop();

    expect({ failures: counts.failures, flags: await failures() }).toEqual({ failures: {}, flags: before });
    const after = await testimony(next);
    expect(after.clustersWarming).toBe(0);
    // A new process takes the counters of the old one over.
    expect(after.rejected).toBeLessThanOrEqual(rejected);
    expect(await answersOf('s0')).toBe('one');
  });
});

test('an Envoy that nobody knows is sent away, comes back by itself, and is served once it is known', async () => {
  const closing = new Closing();
  try {
    const replicas = await Replicas.reserve('ExternalWorkload/test/proxy', 1);
    closing.add(() => replicas.stopAll());
    let identity: string | undefined;
    const counted = await replicas.start(0, { waitTimeoutMs: 50, identityOf: () => identity });
    const dir = await mkdtemp(join(tmpdir(), 'meshwright-unknown-'));
    closing.add(() => rm(dir, { recursive: true, force: true }));
    const envoy = await startXdsEnvoy({ variant: 'delta', ports: replicas.ports, nodeId, dir });
    closing.add(() => envoy.stop());
    await envoy.waitFor(() => counted.begun >= 3);
    const wasReady = await envoy.ready();

    identity = 'somebody';
    await envoy.waitFor(() => envoy.ready());

    // What Envoy acknowledged when it became ready may still be under way.
    await envoy.waitFor(() => replicas.areSettled());
    expect(wasReady).toBe(false);
  } finally {
    await closing.close();
  }
});
