// TCP connections that exist when a policy changes: those that are still allowed go on, those that are not end at their next byte, by
// the time the change is acknowledged; and a chain that is drained takes nobody else along.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InboundPortIr } from '../../operator/ir/inbound.ts';
import type { BindingIr, MeshIr } from '../../operator/ir/mesh-ir.ts';
import { startGreeter } from '../support/data-plane/applications.ts';
import { listenOnly } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type Conversation, startConversation } from '../support/data-plane/conversation.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRules,
  sampleEndpoint,
  sampleIdentity,
  sampleInbound,
  sampleMesh,
  sampleCaller,
  sampleRule,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const greeting = 'welcome';
const closing = new Closing();
afterAll(() => closing.close());

type Policy = Pick<InboundPortIr, 'mtls' | 'authorization'>;
const permissive: Policy = { mtls: 'Permissive', authorization: noRules };
const strict: Policy = { mtls: 'Strict', authorization: noRules };
const disabled: Policy = { mtls: 'Disabled', authorization: noRules };
const denyStranger: Policy = {
  mtls: 'Permissive',
  authorization: { deny: [sampleRule('shop/guard/stranger', ['stranger'])], allow: 'all' },
};
const allowFriend: Policy = {
  mtls: 'Permissive',
  authorization: { deny: [], allow: [sampleRule('shop/guard/friend', ['friend'])] },
};
const allowNamespace: Policy = {
  mtls: 'Strict',
  authorization: {
    deny: [sampleRule('shop/guard/stranger', ['stranger'])],
    allow: [
      {
        id: 'shop/guard/shop',
        callers: [sampleCaller({ spiffePrefixes: ['spiffe://cluster.local/ns/shop/'] })],
        unidentified: false,
        requests: 'any',
      },
    ],
  },
};
const denyAll: Policy = {
  mtls: 'Permissive',
  authorization: { deny: [sampleRule('shop/guard/all', 'anyone')], allow: 'all' },
};

type Who = 'friend' | 'stranger' | 'plaintext';
const everybody: readonly Who[] = ['friend', 'stranger', 'plaintext'];

const changes: readonly {
  readonly it: string;
  readonly from: Policy;
  readonly to: Policy;
  readonly stay: readonly Who[];
}[] = [
  { it: 'Permissive → Strict', from: permissive, to: strict, stay: ['friend', 'stranger'] },
  { it: 'Strict → Permissive', from: strict, to: permissive, stay: ['friend', 'stranger'] },
  { it: 'a Deny rule', from: permissive, to: denyStranger, stay: ['friend', 'plaintext'] },
  { it: 'an Allow rule', from: permissive, to: allowFriend, stay: ['friend'] },
  { it: 'an Allow rule, Strict', from: strict, to: { ...allowFriend, mtls: 'Strict' }, stay: ['friend'] },
  { it: 'an Allow rule for a namespace but for one', from: strict, to: allowNamespace, stay: ['friend'] },
  { it: 'an Allow rule that goes', from: allowFriend, to: permissive, stay: ['friend'] },
  { it: 'a Deny rule for all', from: permissive, to: denyAll, stay: [] },
  { it: 'Disabled → Permissive', from: disabled, to: permissive, stay: everybody },
  { it: 'Permissive → Disabled', from: permissive, to: disabled, stay: everybody },
  { it: 'Disabled → Strict', from: disabled, to: strict, stay: [] },
];
const ports = new Map<
  string,
  { readonly direct: number; readonly friend: number; readonly stranger: number }
>();
let application = 0;
let mesh: ServedMesh;
const policies = new Map<string, Policy>(changes.map(({ it, from }) => [it, from]));

function currentMesh(): MeshIr {
  const services = changes.map(({ it }, index) =>
    sampleService(`shop/s${index}/80`, {
      protocol: 'TCP',
      peerIdentities: [spiffeId('server')],
      endpoints: [
        sampleEndpoint(ports.get(it)?.direct ?? 0, { mtls: policies.get(it)?.mtls !== 'Disabled' }),
      ],
    }),
  );
  const bindings = (who: 'friend' | 'stranger'): readonly BindingIr[] =>
    changes.map(({ it }, index) => {
      const port = ports.get(it)?.[who] ?? 0;
      return { address: '127.0.0.1', port, service: `shop/s${index}/80`, protocol: 'TCP' };
    });
  const inbound = changes.map(({ it }) =>
    sampleInbound(ports.get(it)?.direct ?? 0, application, { protocol: 'TCP', ...policies.get(it) }),
  );
  return sampleMesh({
    services,
    workloads: [
      sampleWorkload('friend', { bindings: bindings('friend') }),
      sampleWorkload('stranger', { bindings: bindings('stranger') }),
      sampleWorkload('server', { inbound }),
    ],
    identities: ['friend', 'server', 'stranger'].map((name) => sampleIdentity(name)),
  });
}

beforeAll(async () => {
  application = await startGreeter(greeting, closing);
  for (const { it } of changes) {
    // One after the other: ports asked for at once may be the same.
    // oxlint-disable-next-line no-await-in-loop -- as above
    const [direct, friend, stranger] = [await freePort(), await freePort(), await freePort()];
    ports.set(it, { direct, friend, stranger });
  }
  mesh = await ServedMesh.start(currentMesh(), closing, [
    '--drain-time-s',
    '1',
    '--drain-strategy',
    'immediate',
  ]);
});

function portOf(it: string, who: Who): number {
  const found = ports.get(it);
  return (who === 'plaintext' ? found?.direct : found?.[who]) ?? 0;
}

async function isServed(it: string, who: Who): Promise<boolean> {
  return (await listenOnly(portOf(it, who), greeting.length)) === greeting;
}

/** Nothing is left of what was removed or replaced. */
async function drained(): Promise<void> {
  const server = mesh.sidecar('server');
  const draining = '^listener_manager\\.total_(filter_chains|listeners)_draining$';
  await server.waitFor(async () =>
    [...(await server.stats(draining)).values()].every((count) => count === 0),
  );
}

/** How often a client of the port was waited for in vain, before it was known whether it speaks TLS. */
async function waits(it: string): Promise<number> {
  const stats = await mesh
    .sidecar('server')
    .stats(`_${portOf(it, 'plaintext')}\\.downstream_pre_cx_timeout$`);
  return [...stats.values()].reduce((sum, count) => sum + count, 0);
}

test('where mutual TLS is Disabled, a server that speaks first does so at once', async () => {
  const [inspected, uninspected] = ['Permissive → Disabled', 'Disabled → Permissive'] as const;
  const before = [await waits(inspected), await waits(uninspected)];

  expect(await isServed(inspected, 'plaintext')).toBe(true);
  expect(await isServed(uninspected, 'plaintext')).toBe(true);
  expect([await waits(inspected), await waits(uninspected)]).toEqual([(before[0] ?? 0) + 1, before[1]]);
});

describe.each(changes)('$it', ({ it, to, stay }) => {
  const conversations = new Map<Who, Conversation>();

  test('whoever was served stays, or ends at the next byte', async () => {
    for (const who of everybody) {
      // oxlint-disable-next-line no-await-in-loop -- few
      if (await isServed(it, who))
        // oxlint-disable-next-line no-await-in-loop -- few
        conversations.set(who, await startConversation({ port: portOf(it, who), greeting }, closing));
    }
    for (const conversation of conversations.values())
      expect(await conversation.say('before')).toBe('before');
    policies.set(it, to);
    await mesh.program(currentMesh());

    const said = await Promise.all(
      [...conversations].map(async ([who, conversation]) => [who, await conversation.say('now')] as const),
    );
    expect(said.filter(([, answer]) => answer === 'now').map(([who]) => who)).toEqual(stay);
  });

  test('and stays when everything has been drained', async () => {
    await drained();

    for (const who of stay) expect(await conversations.get(who)?.say('later')).toBe('later');
  });
});

test('no longer waited for, and waited for, by the time it is acknowledged', async () => {
  const [nowDisabled, nowPermissive] = ['Permissive → Disabled', 'Disabled → Permissive'] as const;
  const before = [await waits(nowDisabled), await waits(nowPermissive)];

  expect(await isServed(nowDisabled, 'plaintext')).toBe(true);
  expect(await isServed(nowPermissive, 'plaintext')).toBe(true);
  expect([await waits(nowDisabled), await waits(nowPermissive)]).toEqual([before[0], (before[1] ?? 0) + 1]);
});

test('an application’s own TLS to an HTTP port that becomes Strict ends at the next byte', async () => {
  const port = await freePort();
  const server = (policy: Policy): MeshIr => {
    const { workloads, ...others } = currentMesh();
    const inbound = sampleInbound(port, application, { protocol: 'HTTP', ...policy });
    const withPort = workloads.map((it) =>
      it.name === 'server' ? { ...it, inbound: [...it.inbound, inbound] } : it,
    );
    return { ...others, workloads: withPort };
  };
  await mesh.program(server(permissive));
  const words = await clientHello();
  const conversation = await startConversation({ port, greeting, words }, closing);
  await mesh.program(server(strict));

  expect(await conversation.say('now')).toBe('over');
});

/** What a TLS client begins with. */
async function clientHello(): Promise<string> {
  const listening = createServer();
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const client = connectTls({ host: '127.0.0.1', port: (listening.address() as AddressInfo).port });
  client.on('error', () => undefined);
  const [socket] = (await once(listening, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  listening.close();
  return hello.toString('latin1');
}
