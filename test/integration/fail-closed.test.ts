// What is in force when a sidecar rejects its configuration, and when the operator is gone: seen on real Envoys. docs/security.md has the whole table.
// (Broken policies: platform-files-restart; issuers: platform-files-issuer; authorizers: data-plane-authorizers; authorities: platform-files-rotation.)
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { typeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { Edit } from '../support/data-plane/served-mesh.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { TokenMesh } from '../support/data-plane/token-mesh.ts';
import { poll } from '../support/kubernetes/poll.ts';

const denyAdmin = rulesOf({ name: 'no-admin', action: 'Deny', to: [{ paths: [{ value: '/admin' }] }] });
const allowAll = rulesOf({ name: 'everybody', action: 'Allow' });

function rulesOf(...rules: readonly object[]): object {
  return { authorization: { rules } };
}

const rejectedByEnvoy = 'envoy.filters.http.nobody_knows';

/** What our own checks do not find: a filter in a route that the Envoy does not have. */
const broken: Edit = (resource) => {
  const isRules = resource.typeUrl === typeUrl.route && resource.name.startsWith('inbound/');
  if (!isRules) return resource;
  const [host] = resource.message['virtual_hosts'] as readonly Record<string, object>[];
  const unknown = { [rejectedByEnvoy]: { '@type': 'type.googleapis.com/google.protobuf.Empty' } };
  const spoilt = { ...host, typed_per_filter_config: { ...host?.['typed_per_filter_config'], ...unknown } };
  return { ...resource, message: { ...resource.message, virtual_hosts: [spoilt] } };
};

const closing = new Closing();
let mesh: TokenMesh;
beforeAll(async () => {
  mesh = await TokenMesh.start(closing);
});
afterAll(() => closing.close());

async function statusOf(path: string): Promise<number> {
  return (await call(mesh.ports.page, { path })).status;
}

/** Once something is refused, and everything else has arrived. */
async function rejection(): Promise<string> {
  const look = (): string | undefined => {
    const proxies = mesh.served.server.proxies();
    const isOver = proxies.every(
      ({ atRest, lagging, rejected }) => atRest && lagging.length === rejected.length,
    );
    return isOver ? proxies.flatMap(({ rejected }) => rejected)[0]?.message : undefined;
  };
  return poll(() => Promise.resolve(look()), { intervalMs: 10, deadlineMs: 60_000 });
}

describe('rules that a sidecar rejects', () => {
  beforeEach(async () => {
    await mesh.guard(denyAdmin);
  });

  test('leave the former ones in force', async () => {
    mesh.served.publish(mesh.meshOf(allowAll), broken);
    const why = await rejection();

    expect(why).toContain(rejectedByEnvoy);
    expect([await statusOf('/admin'), await statusOf('/')]).toEqual([403, 200]);
  });

  test('take effect when they are mended', async () => {
    mesh.served.publish(mesh.meshOf(allowAll), broken);
    await rejection();
    await mesh.guard(allowAll);

    expect(await statusOf('/admin')).toBe(200);
  });
});

test('a sidecar that rejects its first rules lets nobody in', async () => {
  mesh.served.publish(mesh.meshOf(allowAll), broken);
  await mesh.served.restart('server', closing);
  await rejection();

  // Envoy opens the port when the first answer is refused, and knows no route there.
  const refusal = await poll(
    () =>
      call(mesh.ports.server).then(
        ({ status }) => status,
        () => undefined,
      ),
    { intervalMs: 10, deadlineMs: 60_000 },
  );
  expect(refusal).toBe(404);

  await mesh.guard(denyAdmin);
  expect([await statusOf('/admin'), await statusOf('/')]).toEqual([403, 200]);
});

test('without an operator rules stay in force, for new connections, too', async () => {
  await mesh.guard(denyAdmin);
  await mesh.served.server.stop();

  expect([await statusOf('/admin'), await statusOf('/')]).toEqual([403, 200]);
});
