// The shop of the examples: `productpage` (in zone a), and `tester` of namespace qa, call reviews (v1, v2, v3 in zones a, b, c), ratings
// (v1) and db (v1, v2), which have real Envoys, and vault (v1, v2) through real Envoys. v4 of reviews runs once it is asked for. Entry: ExampleShop.start.
import { rootCertificates } from 'node:tls';
import { parseAllDocuments, stringify } from 'yaml';
import { admit } from '../../../api/admission.ts';
import { apiVersion } from '../../../api/v1alpha1/common.ts';
import type { Verdict } from '../../../operator/conditions/conditions.ts';
import type { Resources } from '../../../operator/store/resources.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createLog } from '../../../operator/process/log.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { createQuotas } from '../../../operator/wiring/quotas.ts';
import { translate, type Translation } from '../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../builders.ts';
import { type Handler, startApplication, startGreeter } from '../data-plane/applications.ts';
import type { Closing } from '../data-plane/closing.ts';
import { ServedMesh, type ServedSidecar } from '../data-plane/served-mesh.ts';
import { freePort } from '../kubernetes/free-port.ts';
import type { Caller } from './expectations.ts';
import { startExtAuthz, startLoginService } from './authorizers.ts';
import { ExampleIssuer } from './issuer.ts';

const services = {
  reviews: ['v1', 'v2', 'v3'],
  ratings: ['v1'],
  db: ['v1', 'v2'],
  vault: ['v1', 'v2'],
} as const;
/** Those that do not speak HTTP: their servers begin with the name of their version. */
const connections: Readonly<Record<string, { readonly name: string; readonly port: number }>> = {
  db: { name: 'tcp', port: 5432 },
  vault: { name: 'tls', port: 8200 },
};
const http = { name: 'http', port: 9080 };
type Service = keyof typeof services;
/** Where the application of each caller reaches each Service. */
type Ports = Readonly<Record<Caller, Readonly<Partial<Record<Service, number>>>>>;
/** By version; that of productpage, too. */
const zones: Readonly<Record<string, string>> = { v1: 'a', v2: 'b', v3: 'c' };
/** By the id of the request. */
type Copies = Map<string, Set<string>>;

export class ExampleShop {
  readonly #mesh: ServedMesh;
  readonly #world: World;
  readonly #ports: Ports;
  readonly #copies: Copies;
  readonly #issuer: ExampleIssuer;
  readonly #board: Board;
  /** What is applied. */
  #example = '';

  private constructor(parts: {
    readonly mesh: ServedMesh;
    readonly world: World;
    readonly ports: Ports;
    readonly copies: Copies;
    readonly issuer: ExampleIssuer;
    readonly board: Board;
  }) {
    this.#mesh = parts.mesh;
    this.#world = parts.world;
    this.#ports = parts.ports;
    this.#copies = parts.copies;
    this.#issuer = parts.issuer;
    this.#board = parts.board;
  }

  static async start(closing: Closing): Promise<ExampleShop> {
    // Without a sidecar one calls a server where its sidecar listens.
    const ports = {
      shop: await freePorts(),
      qa: await freePorts(),
      plain: { ratings: await freePort(), db: await freePort() },
    };
    const copies: Copies = new Map();
    const world = await worldOf(ports, closing, copies);
    const ir = irOf(translated(resourcesFromYaml(world.all)));
    const board = countingBoard(ir, closing);
    const mesh = await ServedMesh.start(ir, closing, [], undefined, { services: board.quotaServices.get() });
    mesh.publicRoots = rootCertificates.join('\n');
    const issuer = await ExampleIssuer.start(closing);
    return new ExampleShop({ mesh, world, ports, copies, issuer, board });
  }

  get sidecar(): ServedSidecar {
    return this.#mesh.sidecar('productpage');
  }

  get tester(): ServedSidecar {
    return this.#mesh.sidecar('tester');
  }

  get ratings(): ServedSidecar {
    return this.#mesh.sidecar('ratings-v1');
  }

  /** Where the application of a caller calls it. */
  portOf(service: string, caller: Caller = 'shop'): number {
    const port = this.#ports[caller][service as Service];
    if (port === undefined) throw new Error(`there is no service ${service}`);
    return port;
  }

  /** Versions that got a copy of the request, so far. */
  copiesOf(requestId: string): ReadonlySet<string> {
    return this.#copies.get(requestId) ?? new Set();
  }

  /**
   * In place of what was applied before; resolves when the sidecars have acknowledged it.
   * @throws if an API server would refuse it
   * @returns what becomes of each policy
   */
  async apply(example: string): Promise<readonly Verdict[]> {
    for (const document of parseAllDocuments(example)) {
      const object: unknown = document.toJS();
      if (object === null || !document.toString().includes(apiVersion)) continue;
      const admitted = admit(object);
      if (!admitted.ok) throw new Error(admitted.problems.join('\n'));
    }
    this.#example = example;
    const translation = await this.#program(this.#world.all);
    return translation.verdicts.filter(({ origin }) => origin.kind !== 'Mesh');
  }

  /** Another version of reviews, v4, begins to run, or begins anew; until the next `apply`. */
  async startAnother(): Promise<void> {
    await this.#program(this.#world.all);
    await this.#program(`${this.#world.all}---\n${this.#world.another}`);
  }

  async #program(world: string): Promise<Translation> {
    const resources = resourcesFromYaml(`${world}---\n${this.#example}`);
    const translation = translated(await this.#issuer.withKeys(resources));
    this.#board.translation.set(translation);
    await this.#mesh.program(irOf(translation));
    return translation;
  }
}

/** On which quotas are counted. */
function countingBoard({ workloads }: MeshIr, closing: Closing): Board {
  const board = createBoard();
  board.identities.set(new Map(workloads.map((it) => [it.key, it])));
  const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
  const metrics = { quotaCounted: () => undefined, quotaReportDropped: () => undefined };
  const context = { settings, metrics, clock: systemClock, log: createLog('silent') };
  const { component, leaderCallbacks } = createQuotas(board, context);
  leaderCallbacks.onStartedLeading();
  closing.add(() => component.stop());
  return board;
}

interface World {
  readonly all: string;
  /** A workload that comes later. */
  readonly another: string;
}

async function freePorts(): Promise<Record<Service, number>> {
  return {
    reviews: await freePort(),
    ratings: await freePort(),
    db: await freePort(),
    vault: await freePort(),
  };
}

function translated(resources: Resources): Translation {
  return translate(resources, translateOptions);
}

function irOf({ ir }: Translation): NonNullable<Translation['ir']> {
  if (ir === null) throw new Error('there is a Mesh in the world');
  return ir;
}

async function worldOf(ports: Ports, closing: Closing, copies: Copies): Promise<World> {
  const servers = Object.entries(services).flatMap(([app, versions]) =>
    versions.map(async (version) => {
      const name = connections[app]?.name;
      const port =
        name === undefined
          ? await startApplication(version, closing, behaviour(copies))
          : await startGreeter(version, closing);
      const served = { name: name ?? 'http', port, appProtocol: name ?? 'http' };
      const first = ports.plain[app as Service];
      if (first === undefined) return workload(app, version, { ports: [served] });
      const guarded = {
        ...served,
        port: version === 'v1' ? first : await freePort(),
        applicationPort: port,
      };
      return workload(app, version, { serviceAccount: app, ports: [guarded] });
    }),
  );
  const outbound = (caller: 'shop' | 'qa'): readonly object[] =>
    Object.entries(ports[caller]).map(([service, bindPort]) => {
      return { service, namespace: 'shop', port: (connections[service] ?? http).port, bindPort };
    });
  const allLines = { telemetry: { accessLogs: [{ name: 'all' }] } };
  const documents = [
    { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: allLines },
    ...Object.keys(services).map((name) => {
      const port = connections[name] ?? http;
      return {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: 'shop' },
        spec: { selector: { app: name }, ports: [{ ...port, targetPort: port.name }] },
      };
    }),
    ...(await Promise.all(servers)),
    ...(await authorizers(closing)),
    workload('productpage', '', { serviceAccount: 'productpage', outbound: outbound('shop') }),
    workload('tester', '', { serviceAccount: 'tester', outbound: outbound('qa') }, 'qa'),
  ];
  const port = await startApplication('v4', closing, behaviour(copies));
  const another = workload('reviews', 'v4', { ports: [{ name: 'http', port, appProtocol: 'http' }] });
  return {
    all: documents.map((document) => stringify(document)).join('---\n'),
    another: stringify(another),
  };
}

/** External authorizers. */
async function authorizers(closing: Closing): Promise<readonly object[]> {
  const started = [
    { app: 'login', name: 'http', port: 4180, at: await startLoginService(closing) },
    { app: 'ext-authz', name: 'grpc', port: 9000, at: await startExtAuthz(closing) },
  ];
  return started.flatMap(({ app, name, port, at }) => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: app, namespace: 'shop' },
      spec: { selector: { app }, ports: [{ name, port, targetPort: name }] },
    },
    workload(app, '', { ports: [{ name, port: at, appProtocol: name }] }),
  ]);
}

// oxlint-disable-next-line max-params -- the last is seldom another one
function workload(app: string, version: string, spec: object, namespace = 'shop'): object {
  return {
    apiVersion,
    kind: 'ExternalWorkload',
    metadata: {
      name: version === '' ? app : `${app}-${version}`,
      namespace,
      labels: {
        app,
        ...(version !== '' && { version }),
        'topology.kubernetes.io/zone': zones[version] ?? 'a',
      },
    },
    spec: { address: '127.0.0.1', ...spec },
  };
}

/**
 * /slow answers after two seconds, /status/503 with that status, /flaky/503 so for the first time only, /flaky-grpc/14 with that gRPC
 * status for the first time, /shop.v1.Reviews/Flaky so with 14, /busy/429 so and with Retry-After, /broken/v2 with 500 if it is v2 that answers, /stuck/v2 after ten seconds
 * if it is, /bytes/10 with so many bytes; everything else with what was seen.
 */
function behaviour(copies: Copies): Handler {
  const seenIds = new Set<string>();
  return (seen, response) => {
    const { pathname } = new URL(seen.url, 'http://reviews');
    const [, place = '', status = ''] = pathname.split('/');
    const id = String(seen.headers['x-request-id']);
    if (seen.headers.host?.includes('-shadow') === true)
      copies.set(id, (copies.get(id) ?? new Set()).add(seen.app));
    const isFirst = !seenIds.has(id);
    const fails = place === 'status' || ((place === 'flaky' || place === 'busy') && isFirst);
    seenIds.add(id);
    response.setHeader('x-connection', String(response.socket?.remotePort));
    if (place === 'busy' && isFirst) response.setHeader('retry-after', '1');
    if (place === 'flaky-grpc') response.setHeader('grpc-status', isFirst ? status : '0');
    if (status === 'Flaky') response.setHeader('grpc-status', isFirst ? '14' : '0');
    const isBroken = place === 'broken' && status === seen.app;
    response.statusCode = fails ? Number(status) : isBroken ? 500 : 200;
    const answer = (): void => {
      const body = place === 'bytes' ? 'x'.repeat(Number(status)) : JSON.stringify(seen);
      response.setHeader('content-type', 'application/json').end(body);
    };
    if (place !== 'slow' && !(place === 'stuck' && status === seen.app)) return answer();
    const timer = setTimeout(answer, place === 'slow' ? 2_000 : 10_000);
    response.on('close', () => clearTimeout(timer));
  };
}
