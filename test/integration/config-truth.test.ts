// What a session says its Envoy runs is what that Envoy runs: over random publications, many of them refused, in
// every type, and over restarts of the server. RANDOM_SEED=<number> plays another game than the usual one.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { createLog } from '../../operator/process/log.ts';
import { encodeAny } from '../../operator/envoy/proto/registry.ts';
import { typeUrl as url, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import { type AdsServer, createAdsServer } from '../../operator/xds/server/server.ts';
import { clientHas, type Session } from '../../operator/xds/session/state.ts';
import { buildSnapshot } from '../../operator/xds/snapshot/snapshot.ts';
import type { Snapshot } from '../../operator/xds/snapshot/types.ts';
import { makeTestRoot } from '../support/data-plane/certificate-folder.ts';
import { type EnvoyProcess, startEnvoy } from '../support/envoy.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { flawsOf, makeResource, resourceNames } from '../support/random-mesh/resources.ts';
import { markedConfig, markedRuntime } from '../support/random-mesh/config-dump.ts';

// oxlint-disable-next-line node/no-process-env -- the one setting of this test; CI does not set it
const seed = Number(process.env['RANDOM_SEED'] ?? 20_261_123);
const rounds = 400;
const workload = 'ExternalWorkload/test/proxy';
const types = Object.values(url);

let root: string;
let port: number;
let server: AdsServer;
let envoy: EnvoyProcess;
let snapshot: Snapshot | null = null;
const world = new Map<string, XdsResource>();
/** `<type> <version>` → mark. */
const marks = new Map<string, number>();
let lastMark = 0;
/** How many bad resources of each type were published. */
const bad = new Map<TypeUrl, number>();

beforeAll(async () => {
  process.stderr.write(`config truth: RANDOM_SEED=${seed}\n`);
  root = (await makeTestRoot('cluster.local')).certificate;
  port = await freePort();
  for (const type of types) for (const name of resourceNames[type]) put(type, name, 0);
  await startServer();
  envoy = await startEnvoy({
    bootstrap: JSON.stringify(bootstrap()),
    args: ['--log-level', 'error', '--drain-time-s', '1'],
  });
});
afterAll(async () => {
  await envoy.stop();
  await server.stop();
});

function bootstrap(): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return {
    node: { id: 'ExternalWorkload~test~proxy~', cluster: 'test' },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: 'xds',
              // Restarts are what this test is about: no long waits after the first failures.
              retry_policy: { retry_back_off: { base_interval: '0.01s', max_interval: '0.05s' } },
            },
          },
        ],
      },
      lds_config: { ads: {}, resource_api_version: 'V3' },
      cds_config: { ads: {}, resource_api_version: 'V3' },
    },
    layered_runtime: {
      layers: [
        {
          name: 'layer',
          rtds_layer: { name: 'layer', rtds_config: { ads: {}, resource_api_version: 'V3' } },
        },
      ],
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
          },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
      ],
    },
  };
}

async function startServer(): Promise<void> {
  const nothing = (): void => undefined;
  const observer = { streams: nothing, pushed: nothing, acked: nothing, nacked: nothing };
  server = createAdsServer({
    address: `127.0.0.1:${port}`,
    identityOf: () => 'anybody',
    observer: { ...observer, converged: nothing, changed: nothing },
    log: createLog('silent'),
    identifier: 'test',
  });
  publish();
  await server.start();
}

function publish(): void {
  const resources = {
    layers: new Map([['all', [...world.values()]]]),
    views: new Map([[workload, ['all']]]),
  };
  snapshot = buildSnapshot(snapshot, resources, { encodeAny, check: () => [] });
  expect(snapshot.invalid).toEqual([]);
  for (const [type, { entries }] of snapshot.layers.get('all') ?? []) {
    for (const { version, origins } of entries.values())
      marks.set(`${type} ${version}`, Number(origins[0]?.name.split('@')[1]));
  }
  server.publish(snapshot);
}

function put(typeUrl: TypeUrl, name: string, flaw: number): void {
  lastMark += 1;
  world.set(`${typeUrl} ${name}`, makeResource({ typeUrl, name, flaw, root, mark: lastMark }));
}

function putBad(typeUrl: TypeUrl, name: string, flaw: number): void {
  put(typeUrl, name, flaw);
  bad.set(typeUrl, (bad.get(typeUrl) ?? 0) + 1);
}

/** The server keeps its sessions to itself; what they hold is what this test is about. */
function session(): Session | undefined {
  const streams = Reflect.get(server, 'streams') as ReadonlySet<{ readonly session: Session }>;
  return [...streams].at(-1)?.session;
}

type Config = ReadonlyMap<string, number>;

/** `Cluster c0` → the mark of what the session says that Envoy runs; 0 if nothing, -1 if it does not know. */
function told(): Config {
  const all = new Map<string, number>();
  for (const type of types) {
    const state = session()?.types.get(type);
    for (const name of resourceNames[type]) {
      const { version, certain } =
        state === undefined ? { version: null, certain: true } : clientHas(state, name);
      const mark = version === null ? 0 : (marks.get(`${type} ${version}`) ?? -2);
      all.set(`${shortName(type)} ${name}`, certain ? mark : -1);
    }
  }
  return all;
}

function shortName(type: TypeUrl): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

async function run(): Promise<Config> {
  const ask = async (path: string): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${envoy.adminPort}${path}`)).json();
  const found = new Map([
    ...markedConfig(await ask('/config_dump?include_eds')),
    ...markedRuntime(await ask('/runtime')),
  ]);
  const names = types.flatMap((type) => resourceNames[type].map((name) => `${shortName(type)} ${name}`));
  return new Map(names.map((name) => [name, found.get(name) ?? 0]));
}

const table = 'RouteConfiguration vh';
const isHost = /^VirtualHost /;
/** Of these Envoy may keep what it had although it was told that it is gone, or does not ask for it any more. */
const kept = /^(ClusterLoadAssignment|RouteConfiguration|Secret|TypedExtensionConfig) /;

/** What Envoy runs differently from what the session says: `Cluster c0: runs 3, said 2`. */
function differences(runs: Config, says: Config): string[] {
  // Without their route configuration nobody wants virtual hosts: they are sent again when it is back.
  const names = new Set([...world.values()].map((it) => `${shortName(it.typeUrl)} ${it.name}`));
  const hasTable = runs.get(table) !== 0 && says.get(table) !== 0;
  return [...runs].flatMap(([name, mark]) => {
    const said = says.get(name);
    const isUnknown =
      said === -1 ||
      (kept.test(name) && (said === 0 || !names.has(name))) ||
      (!hasTable && isHost.test(name));
    return mark === said || isUnknown ? [] : [`${name}: runs ${mark}, said ${said}`];
  });
}

async function rest(): Promise<void> {
  await envoy.waitFor(() => {
    const [report, ...others] = server.proxies();
    return report?.atRest === true && others.length === 0 && (session()?.types.size ?? 0) >= 3;
  });
}

interface Change {
  readonly where: number;
  readonly what: number;
}

function apply({ where, what }: Change): void {
  const type = types[where % types.length] ?? url.cluster;
  const names = resourceNames[type];
  const name = names[Math.floor(where / types.length) % names.length] ?? '';
  if (what % 10 < 5) put(type, name, 0);
  else if (what % 10 < 9) putBad(type, name, 1 + (what % flawsOf(type)));
  else world.delete(`${type} ${name}`);
}

const change = fc.record({ where: fc.nat(), what: fc.nat() });
const round = fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 });
const games = fc.sample(fc.tuple(round, fc.integer({ min: 0, max: 9 })), { numRuns: rounds, seed });

test('at the start Envoy runs what the session says', async () => {
  await rest();

  expect(differences(await run(), told())).toEqual([]);
});

test('after every round of publications Envoy runs what the session says', async () => {
  const failures: string[] = [];
  for (const [at, [publications, dice]] of games.entries()) {
    // oxlint-disable no-await-in-loop -- one after the other is what this is about
    if (dice === 0) await server.stop();
    for (const changes of publications) {
      changes.forEach(apply);
      if (dice !== 0) publish();
    }
    if (dice === 0) await startServer();
    try {
      await rest();
    } catch (error) {
      failures.push(`round ${at}: ${String(error)}`);
      break;
    }
    const found = differences(await run(), told());
    failures.push(...found.map((difference) => `round ${at} (${dice}): ${difference}`));
    // oxlint-enable no-await-in-loop
  }
  expect(failures).toEqual([]);
  // A few hundred, of every type.
  expect(Math.min(...types.map((type) => bad.get(type) ?? 0))).toBeGreaterThan(100);
});
