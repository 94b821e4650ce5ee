// gRPC's own client of the protocol against our server: written by others, from the same specification. It takes listeners,
// routes, clusters and endpoints, each by name, in the state of the world; its calls are the witness.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { callerOf, grpcBootstrap, grpcShop, startBackend, type GrpcService } from '../support/xds-grpc.ts';
import { Replicas } from '../support/xds-replicas.ts';

const closing = new Closing();
afterAll(() => closing.close());

let replicas: Replicas;
let backends: readonly number[];
let ask: ReturnType<typeof callerOf>;
let services: readonly GrpcService[] = [];

beforeAll(async () => {
  backends = await Promise.all(['one', 'two', 'three'].map((name) => startBackend(name, closing)));
  replicas = await Replicas.reserve('ExternalWorkload/test/proxy', 2);
  closing.add(() => replicas.stopAll());
  process.env['GRPC_XDS_BOOTSTRAP_CONFIG'] = grpcBootstrap(replicas.ports, 'ExternalWorkload~test~proxy~');
  ask = callerOf('cart', closing);
});

const backend = (index: number): number => backends[index] ?? 0;

async function settled(): Promise<void> {
  await poll(async () => replicas.areSettled() || undefined, { intervalMs: 5, deadlineMs: 60_000 });
}

async function publish(next: readonly GrpcService[]): Promise<void> {
  services = next;
  replicas.publish(grpcShop(services));
  await settled();
}

/** Asks until another one answers. */
async function answeredBy(name: string): Promise<void> {
  await poll(async () => ((await ask()) === name ? true : undefined), { intervalMs: 5, deadlineMs: 60_000 });
}

/** Asks all the time while something happens, and once more: who answered. */
async function heardWhile(events: () => Promise<unknown>): Promise<ReadonlySet<string>> {
  const heard = new Set<string>();
  const over = new AbortController();
  const asking = (async () => {
    // oxlint-disable-next-line no-await-in-loop -- one call after the other
    while (!over.signal.aborted) heard.add(await ask());
    // The last of these may have been under way since before what happened.
    heard.add(await ask());
  })();
  try {
    await events();
  } finally {
    over.abort();
    await asking;
  }
  return heard;
}

test('it starts with an empty mesh, and is served as soon as there is something', async () => {
  await replicas.start(0);
  const answer = ask();
  await poll(async () => (replicas.streams().length === 1 ? true : undefined), {
    intervalMs: 5,
    deadlineMs: 60_000,
  });

  await publish([{ name: 'cart', ports: [backend(0)] }]);

  expect(await answer).toBe('one');
});

test('endpoints change', async () => {
  const heard = await heardWhile(async () => {
    await publish([{ name: 'cart', ports: [backend(1)] }]);
    await answeredBy('two');
  });

  expect(heard).toEqual(new Set(['one', 'two']));
});

test('a cluster is replaced under its route', async () => {
  const heard = await heardWhile(async () => {
    await publish([{ name: 'cart', cluster: 'other', ports: [backend(2)] }]);
    await answeredBy('three');
  });

  expect(heard).toEqual(new Set(['two', 'three']));
});

test('100 services come and go, and one of them is called', async () => {
  const hundred = Array.from({ length: 100 }, (_, index) => ({ name: `n${index}`, ports: [backend(1)] }));
  const few = services;
  const heard = await heardWhile(async () => {
    await publish([...few, ...hundred]);
    expect(await callerOf('n99', closing)()).toBe('two');
    await publish(few);
  });

  expect(heard).toEqual(new Set(['three']));
});

test.each([
  ['listener', url.listener],
  ['route configuration', url.route],
  ['cluster', url.cluster],
  ['endpoints', url.endpoint],
])('bad %s: refused once, while what it had goes on, and recovered from', async (_what, flaw) => {
  const good = services;
  const heard = await heardWhile(async () => {
    await publish(good.map((it) => ({ ...it, flaw })));
    expect(replicas.streams().map(({ rejected }) => rejected.length)).toEqual([1]);
  });
  const counted = replicas.counted(0);
  const before = counted.nacked;
  // Another change, and the bad one is still there.
  await publish([...good.map((it) => ({ ...it, flaw })), { name: 'another', ports: [] }]);
  const repeated = counted.nacked - before;
  await publish(good);
  await answeredBy('three');

  expect({ heard: [...heard], repeated }).toEqual({ heard: ['three'], repeated: 0 });
  expect(replicas.streams().map(({ rejected }) => rejected)).toEqual([[]]);
});

test('the operator restarts', async () => {
  const heard = await heardWhile(async () => {
    await replicas.stop(0);
    await replicas.start(0);
    await settled();
  });
  await publish([{ name: 'cart', ports: [backend(0)] }]);
  await answeredBy('one');

  expect(heard).toEqual(new Set(['three']));
});

test('it moves to another replica', async () => {
  const heard = await heardWhile(async () => {
    await replicas.start(1);
    await replicas.stop(0);
    await settled();
  });
  await publish([{ name: 'cart', ports: [backend(1)] }]);
  await answeredBy('two');

  expect(heard).toEqual(new Set(['one']));
  expect(replicas.streams().map(({ index }) => index)).toEqual([1]);
});
