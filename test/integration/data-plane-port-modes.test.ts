// Modes of mutual TLS of single ports, as policies say them: Pods in network namespaces, with the rules of a Pod and real Envoys.
// Who calls: a Pod with a sidecar, by the Service, and one without, by the address of the Pod.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { translate } from '../../operator/translate/translate.ts';
import { resourcesOfDocuments, translateOptions } from '../support/builders.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { makeHostAuthority } from '../support/data-plane/host-certificates.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { type NetworkPod, podNetworkAvailable, startPodNetwork } from '../support/pod-network/network.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const available = await podNetworkAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const addresses = { server: '10.1.0.2', caller: '10.1.0.1', plain: '10.1.0.3' };
/** Of the application. web, metrics and database have a Service each, which has the port 80; the others have none. */
const ports = { web: 9080, metrics: 9090, database: 7443, admin: 9091, other: 9092, secret: 9443 };
const clusterIps = { web: '10.96.0.1', metrics: '10.96.0.2', database: '10.96.0.3' };
type Served = keyof typeof clusterIps;

function pod(name: keyof typeof addresses): object {
  return {
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      labels: { app: name },
      annotations: { 'meshwright.dev/injected': '1' },
    },
    spec: { serviceAccountName: name, containers: [{ name: 'app' }] },
    status: { phase: 'Running', podIP: addresses[name], podIPs: [{ ip: addresses[name] }] },
  };
}

const protocols: Readonly<Record<Served, string>> = { web: 'http', metrics: 'http', database: 'tcp' };
const world = [
  { kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
  { kind: 'Namespace', metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } } },
  pod('server'),
  pod('caller'),
  ...(['web', 'metrics', 'database'] as const).flatMap((name) => [
    {
      kind: 'Service',
      metadata: { name, namespace: 'shop' },
      spec: {
        clusterIP: clusterIps[name],
        clusterIPs: [clusterIps[name]],
        selector: { app: 'server' },
        ports: [{ name: protocols[name], port: 80, targetPort: ports[name] }],
      },
    },
    {
      kind: 'EndpointSlice',
      metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: protocols[name], port: ports[name], protocol: 'TCP' }],
      endpoints: [
        {
          addresses: [addresses.server],
          conditions: { ready: true },
          targetRef: { kind: 'Pod', namespace: 'shop', name: 'server' },
        },
      ],
    },
  ]),
];

type Mtls = {
  readonly mode?: string;
  readonly ports?: Readonly<Partial<Record<keyof typeof ports, string>>>;
};

/** null: there is no policy. */
function meshWith(mtls: Mtls | null): MeshIr {
  const list = Object.entries(mtls?.ports ?? {}).map(([name, mode]) => {
    return { port: ports[name as keyof typeof ports], mode };
  });
  const policy = {
    kind: 'SecurityPolicy',
    metadata: { name: 'modes', namespace: 'shop', uid: 'modes' },
    spec: {
      selector: { matchLabels: { app: 'server' } },
      mtls: { ...(mtls?.mode !== undefined && { mode: mtls.mode }), ports: list },
    },
  };
  const documents = mtls === null ? world : [...world, policy];
  const { ir } = translate(resourcesOfDocuments(documents), translateOptions);
  if (ir === null) throw new Error('there is a Mesh');
  return ir;
}

suite('modes of ports', () => {
  const closing = new Closing();
  afterAll(() => closing.close());
  let mesh: ServedMesh;
  let caller: NetworkPod;
  let plain: NetworkPod;

  beforeAll(async () => {
    const network = await startPodNetwork();
    closing.add(() => network.stop());
    const server = await network.addPod(addresses.server);
    caller = await network.addPod(addresses.caller);
    plain = await network.addPod(addresses.plain);
    for (const name of ['web', 'metrics', 'admin', 'other'] as const)
      // oxlint-disable-next-line no-await-in-loop -- few
      await server.startApplication(name, ports[name]);
    const files = await certificateFiles(closing);
    for (const name of ['database', 'secret'] as const)
      // oxlint-disable-next-line no-await-in-loop -- few
      await server.startProgram('host.ts', [name, String(ports[name]), '0', ...files]);
    await server.intercept();
    await caller.intercept();
    const places = new Map([
      ['server', server.place],
      ['caller', caller.place],
    ]);
    const somewhere = {
      relayTo: (port: number) => network.relayTo(port),
      placeOf: (name: string) => places.get(name) ?? server.place,
    };
    const drain = ['--drain-time-s', '1', '--drain-strategy', 'immediate'];
    mesh = await ServedMesh.start(meshWith(null), closing, drain, undefined, { somewhere });
    for (const [name, where] of [
      ['server', server],
      ['caller', caller],
    ] as const)
      // oxlint-disable-next-line no-await-in-loop -- few
      await mesh.sidecar(name).waitFor(async () => (await adminOf(where, name, '/ready')).startsWith('LIVE'));
    admin = (path) => adminOf(server, 'server', path);
  });

  let admin: (path: string) => Promise<string>;

  function adminOf(where: NetworkPod, name: string, path: string): Promise<string> {
    return where.runProgram('admin.ts', [String(mesh.sidecar(name).adminPort), path]);
  }

  /** `mutual`, `plaintext`, the status of a refusal, or `closed`. */
  async function ask(from: NetworkPod, address: string, port: number): Promise<string> {
    try {
      const [answer] = await from.call(address, port);
      if (answer?.status !== 200) return String(answer?.status);
      return answer.body.includes('x-forwarded-client-cert') ? 'mutual' : 'plaintext';
    } catch {
      return 'closed';
    }
  }

  /** Of a caller with a sidecar and of one without. */
  async function outcomes(): Promise<Readonly<Record<string, string>>> {
    return {
      web: `${await ask(caller, clusterIps.web, 80)}, ${await ask(plain, addresses.server, ports.web)}`,
      metrics: `${await ask(caller, clusterIps.metrics, 80)}, ${await ask(plain, addresses.server, ports.metrics)}`,
      // No Service names them: sidecars of callers pass them on as they are.
      admin: `${await ask(caller, addresses.server, ports.admin)}, ${await ask(plain, addresses.server, ports.admin)}`,
      other: `${await ask(caller, addresses.server, ports.other)}, ${await ask(plain, addresses.server, ports.other)}`,
    };
  }

  const open = {
    web: 'mutual, plaintext',
    metrics: 'mutual, plaintext',
    admin: 'plaintext, plaintext',
    other: 'plaintext, plaintext',
  };
  const closed = 'closed, closed';

  test.each<readonly [string, Mtls | null, Readonly<Record<string, string>>]>([
    ['without a policy', null, open],
    [
      'Strict, but for two ports',
      { mode: 'Strict', ports: { metrics: 'Permissive', admin: 'Disabled' } },
      { ...open, web: 'mutual, 403', other: closed },
    ],
    [
      'Strict, and a port that its callers call in plaintext',
      { mode: 'Strict', ports: { metrics: 'Disabled' } },
      { web: 'mutual, 403', metrics: 'plaintext, plaintext', admin: closed, other: closed },
    ],
    [
      'open, but for two ports',
      { ports: { metrics: 'Strict', admin: 'Strict' } },
      { ...open, metrics: 'mutual, 403', admin: closed },
    ],
    [
      'Disabled, but for two ports',
      { mode: 'Disabled', ports: { web: 'Strict', other: 'Strict' } },
      { web: 'mutual, 403', metrics: 'plaintext, plaintext', admin: open.admin, other: closed },
    ],
    ['without a policy again', null, open],
  ])('%s', async (_name, mtls, expected) => {
    await mesh.program(meshWith(mtls));

    expect(await outcomes()).toEqual(expected);
  });

  /** A connection in plaintext that goes on for as long as it may: how often it was answered. */
  async function keep(port: number): Promise<() => Promise<string>> {
    return plain.startProgram('kept-connection.ts', [addresses.server, String(port), 'database']);
  }

  async function goesOn(said: () => Promise<string>): Promise<boolean> {
    const before = (await said()).split('answered').length;
    return poll(
      async () => {
        const now = await said();
        if (now.includes('ended')) return false;
        return now.split('answered').length > before + 2 ? true : undefined;
      },
      { intervalMs: 20, deadlineMs: 60_000 },
    );
  }

  /** Nothing is left of what was removed or replaced. */
  async function drained(): Promise<void> {
    const none = /^listener_manager\.total_(?:filter_chains|listeners)_draining: [1-9]/m;
    await mesh
      .sidecar('server')
      .waitFor(async () => !none.test(await admin('/stats?filter=^listener_manager.total_')));
  }

  test('a change of one port leaves connections to others alone, and ends those to it that it refuses', async () => {
    const database = await keep(ports.database);
    const secret = await keep(ports.secret);
    expect([await goesOn(database), await goesOn(secret)]).toEqual([true, true]);

    await mesh.program(meshWith({ ports: { metrics: 'Strict', admin: 'Strict' } }));
    await mesh.program(meshWith({ ports: { metrics: 'Disabled', secret: 'Strict' } }));
    await drained();

    expect([await goesOn(database), await goesOn(secret)]).toEqual([true, false]);
    await mesh.program(meshWith(null));
    await drained();
    expect(await goesOn(database)).toBe(true);
  });

  test('a port of a Service ends them at their next byte', async () => {
    const database = await keep(ports.database);
    expect(await goesOn(database)).toBe(true);
    await mesh.program(meshWith({ ports: { database: 'Strict' } }));

    expect(await goesOn(database)).toBe(false);
  });
});

async function certificateFiles(closing: Closing): Promise<readonly string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-ports-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const { certificate, key } = await (await makeHostAuthority()).issue(['database']);
  const files = [join(dir, 'host.crt'), join(dir, 'host.key')];
  await writeFile(files[0] ?? '', certificate);
  await writeFile(files[1] ?? '', key);
  return files;
}
