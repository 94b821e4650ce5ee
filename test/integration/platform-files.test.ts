// The files platform on a real folder: what it delivers for edits as people and editors make them.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { admit } from '../../api/admission.ts';
import { openStoredAuthority } from '../../operator/certificates/stored-authority.ts';
import type { KeyPair } from '../../operator/certificates/authority.ts';
import { createFilesPlatform } from '../../operator/platform/files/files-platform.ts';
import type { ObjectSink, Platform } from '../../operator/ports/platform.ts';
import { type ObjectRef, refKey, refOf, type StoredObject } from '../../operator/objects/objects.ts';
import { startEnvoy } from '../support/envoy.ts';
import { rememberingLog } from '../support/remembering-log.ts';

let base: string;
let folder: string;
let stateFolder: string;
const running: Run[] = [];
const deletionGraceMs = 500;

/** Notes what it is told, in order: `+Service/shop/reviews@1`, `-…`, `!…@2` for a rejection, `synced`. */
class Recorder implements ObjectSink {
  readonly said: string[] = [];
  readonly objects = new Map<string, StoredObject>();
  readonly problems: (readonly string[])[] = [];

  upsert(object: StoredObject): void {
    this.objects.set(refKey(refOf(object)), object);
    this.said.push(`+${refKey(refOf(object))}@${object.metadata.generation}`);
  }

  remove(ref: ObjectRef): void {
    this.objects.delete(refKey(ref));
    this.said.push(`-${refKey(ref)}`);
  }

  reject(ref: ObjectRef, generation: number, problems: readonly string[]): void {
    this.problems.push(problems);
    this.said.push(`!${refKey(ref)}@${generation}`);
  }

  synced(): void {
    this.said.push('synced');
  }

  /** What was said since the last call. */
  news(): string[] {
    return this.said.splice(0);
  }
}

interface Run {
  readonly platform: Platform;
  readonly sink: Recorder;
  readonly warnings: () => string[];
  stop(): Promise<void>;
}

async function start(): Promise<Run> {
  const { log, lines } = rememberingLog();
  const platform = createFilesPlatform({ folder, stateFolder, deletionGraceMs, admit, log });
  const sink = new Recorder();
  const end = new AbortController();
  const watching = platform.watch(sink, end.signal);
  const run: Run = {
    platform,
    sink,
    warnings: () =>
      lines.filter(({ level }) => level === 'warn').map(({ fields }) => Object.values(fields).join()),
    stop: async () => {
      end.abort();
      await watching;
    },
  };
  running.push(run);
  await until('the first scan is over', () => sink.said.includes('synced'));
  return run;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  // oxlint-disable-next-line no-await-in-loop -- asking again is what it is for
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- it looks again and again until it holds
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for so many calls of the sink, and returns them. */
async function news(run: Run, count = 1): Promise<string[]> {
  await until(`${count} calls arrive`, () => run.sink.said.length >= count);
  return run.sink.news();
}

function service(name: string, port = 80): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\nspec: {ports: [{port: ${port}}]}\n`;
}

function policy(timeout: string): string {
  return [
    'apiVersion: meshwright.dev/v1alpha1',
    'kind: TrafficPolicy',
    'metadata: {name: reviews, namespace: shop}',
    'spec:',
    '  targetRefs: [{kind: Service, name: reviews}]',
    '  routes:',
    '  - name: all',
    `    timeout: {request: ${timeout}}`,
    '',
  ].join('\n');
}

const policyRef: ObjectRef = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' };
const put = async (file: string, text: string): Promise<void> => writeFile(join(folder, file), text);

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'meshwright-files-'));
  folder = join(base, 'objects');
  stateFolder = join(base, 'state');
  await mkdir(folder);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(async (run) => run.stop()));
  await rm(base, { recursive: true, force: true });
});

describe('the first scan', () => {
  test('delivers every object, its namespace and then synced', async () => {
    await put('b.yaml', `${service('reviews')}---\n${policy('3s')}`);
    await put(
      'a.yml',
      'apiVersion: meshwright.dev/v1alpha1\nkind: Mesh\nmetadata: {name: default}\nspec: {}\n',
    );
    await put('notes.txt', 'not a document');

    const { sink } = await start();

    expect(sink.news()).toEqual([
      '+Mesh//default@1',
      '+Namespace//shop@1',
      '+Service/shop/reviews@1',
      '+TrafficPolicy/shop/reviews@1',
      'synced',
    ]);
    expect(sink.objects.get('Namespace//shop')).toEqual({
      kind: 'Namespace',
      metadata: {
        name: 'shop',
        uid: expect.stringMatching(/^[-0-9a-f]{36}$/),
        generation: 1,
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        labels: { 'kubernetes.io/metadata.name': 'shop', 'meshwright.dev/mesh': 'enabled' },
      },
    });
    expect(sink.objects.get('Mesh//default')).toMatchObject({ spec: { trustDomain: 'cluster.local' } });
  });

  test('takes the labels of a Namespace document in the place of its own', async () => {
    await put(
      'a.yaml',
      `${service('reviews')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n`,
    );

    const { sink } = await start();

    expect(sink.objects.get('Namespace//shop')?.metadata.labels).toEqual({ team: 'a' });
  });

  test('of an empty folder is synced too', async () => {
    expect((await start()).sink.news()).toEqual(['synced']);
  });

  test('of a folder that is not there rejects with what to do', async () => {
    await rm(folder, { recursive: true });
    const platform = createFilesPlatform({
      folder,
      stateFolder,
      deletionGraceMs,
      admit,
      log: rememberingLog().log,
    });

    const watching = platform.watch(new Recorder(), AbortSignal.abort());

    await expect(watching).rejects.toThrow(
      /Cannot read folder .*. Create it, or name another folder of YAML files./,
    );
  });
});

describe('an edit', () => {
  test('in place, by rename, a new file and a deleted one: each is told once, with its generation', async () => {
    await put('a.yaml', service('reviews'));
    const run = await start();
    run.sink.news();

    await put('a.yaml', service('reviews', 81));
    const inPlace = await news(run);
    await put('.a.yaml.swp', service('reviews', 82));
    await rename(join(folder, '.a.yaml.swp'), join(folder, 'a.yaml'));
    const byRename = await news(run);
    await put('b.yaml', service('ratings'));
    const added = await news(run);
    await rm(join(folder, 'a.yaml'));
    const deleted = await news(run);

    expect({ inPlace, byRename, added, deleted }).toEqual({
      inPlace: ['+Service/shop/reviews@2'],
      byRename: ['+Service/shop/reviews@3'],
      added: ['+Service/shop/ratings@1'],
      deleted: ['-Service/shop/reviews'],
    });
  });

  test('of labels alone is told and keeps the generation', async () => {
    await put('a.yaml', service('reviews'));
    const run = await start();
    run.sink.news();

    await put('a.yaml', service('reviews').replace('namespace: shop', 'namespace: shop, labels: {a: b}'));

    expect(await news(run)).toEqual(['+Service/shop/reviews@1']);
  });

  test('that empties the file before it is written removes nothing', async () => {
    await put('a.yaml', service('reviews'));
    const run = await start();
    run.sink.news();

    await put('a.yaml', '');
    await put('a.yaml', service('reviews').slice(0, 40));
    await put('a.yaml', service('reviews', 81));

    expect(await news(run)).toEqual(['+Service/shop/reviews@2']);
  });

  test('of the last object of a namespace takes the namespace along', async () => {
    await put('a.yaml', service('reviews'));
    const run = await start();
    run.sink.news();

    await rm(join(folder, 'a.yaml'));

    expect(await news(run, 2)).toEqual(['-Namespace//shop', '-Service/shop/reviews']);
  });
});

describe('a mistake', () => {
  test('in YAML keeps what the file said and is warned of once', async () => {
    await put('a.yaml', service('reviews'));
    const run = await start();
    run.sink.news();

    await put('a.yaml', 'kind: {Service');
    await until('a warning', () => run.warnings().length > 0);
    await put('b.yaml', service('ratings'));

    expect(await news(run)).toEqual(['+Service/shop/ratings@1']);
    expect(run.warnings()).toHaveLength(1);
    expect(run.warnings()[0]).toMatch(
      /^Service reviews: a.yaml, line 1 \(document 1\): Not valid YAML: .+\.$/,
    );
  });

  test('in one of our objects is rejected with its generation, and other documents of the file count', async () => {
    await put('a.yaml', policy('3s'));
    const run = await start();
    run.sink.news();

    await put('a.yaml', `${policy('soon')}---\n${service('reviews')}`);

    expect(await news(run, 2)).toEqual(['+Service/shop/reviews@1', '!TrafficPolicy/shop/reviews@2']);
    expect(run.sink.problems).toEqual([[expect.stringContaining('timeout')]]);
  });

  test('in a Service is warned of, and the last good one stays', async () => {
    await put('a.yaml', service('reviews'));
    const run = await start();
    run.sink.news();

    await put('a.yaml', service('reviews', 99_999));
    await until('a warning', () => run.warnings().length > 0);

    expect(run.warnings()[0]).toMatch(/^Service reviews: a.yaml, line 4: spec.ports\[0\].port: /);
    expect(run.sink.news()).toEqual([]);
  });

  test('of moving the folder away empties nothing, and it is watched again when it is back', async () => {
    await put('a.yaml', service('reviews'));
    const run = await start();
    run.sink.news();

    await rename(folder, `${folder}-away`);
    await new Promise((resolve) => setImmediate(resolve));
    await rename(`${folder}-away`, folder);
    await put('b.yaml', service('ratings'));

    expect(await news(run)).toEqual(['+Service/shop/ratings@1']);
  });
});

describe('a restart', () => {
  test('keeps uid, generation and creationTimestamp', async () => {
    await put('a.yaml', policy('3s'));
    const before = await start();
    before.sink.news();
    await put('a.yaml', policy('4s'));
    await news(before);
    await before.stop();

    const after = await start();

    expect(after.sink.objects.get(refKey(policyRef))).toEqual(before.sink.objects.get(refKey(policyRef)));
    expect(after.sink.objects.get(refKey(policyRef))?.metadata.generation).toBe(2);
  });

  test('counts an edit made while nobody looked', async () => {
    await put('a.yaml', policy('3s'));
    await (await start()).stop();

    await put('a.yaml', policy('4s'));

    expect((await start()).sink.news()).toContain('+TrafficPolicy/shop/reviews@2');
  });

  test('with a file that is broken does not forget the generations in it', async () => {
    await put('a.yaml', policy('3s'));
    await (await start()).stop();
    await put('a.yaml', '{');
    await (await start()).stop();

    await put('a.yaml', policy('4s'));

    expect((await start()).sink.news()).toContain('+TrafficPolicy/shop/reviews@2');
  });
});

describe('a status', () => {
  test('is a file while its object is there, rejected or not, and goes with it', async () => {
    await put('a.yaml', policy('soon'));
    const run = await start();
    run.sink.news();

    await run.platform.statuses.write(policyRef, { conditions: [] });
    const path = join(stateFolder, 'status', 'TrafficPolicy.shop.reviews.yaml');
    const text = await readFile(path, 'utf8');
    await rm(join(folder, 'a.yaml'));
    await news(run);

    expect(text).toContain('kind: TrafficPolicy');
    await until('it is gone', async () => (await readdir(join(stateFolder, 'status'))).length === 0);
    expect(await run.platform.statuses.read(policyRef)).toBeUndefined();
  });

  test('of an object that was deleted while the operator was down goes at the next start', async () => {
    await put('a.yaml', policy('3s'));
    const before = await start();
    await before.platform.statuses.write(policyRef, { conditions: [] });
    await before.stop();
    await rm(join(folder, 'a.yaml'));

    const run = await start();
    await until('it is gone', async () => (await run.platform.statuses.read(policyRef)) === undefined);

    expect(run.sink.news()).toContain('-TrafficPolicy/shop/reviews');
  });
});

/** An Envoy with one TLS listener whose leaf certificate comes from a file of SDS resources. */
function tlsListener(sdsPath: string): string {
  const [type, types] = ['type.googleapis.com/envoy', 'extensions'];
  const manager = {
    '@type': `${type}.${types}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'test',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [] }] },
    http_filters: [
      { name: 'router', typed_config: { '@type': `${type}.${types}.filters.http.router.v3.Router` } },
    ],
  };
  const tlsContext = {
    '@type': `${type}.${types}.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: {
      tls_certificate_sds_secret_configs: [
        { name: 'leaf', sds_config: { path_config_source: { path: sdsPath }, resource_api_version: 'V3' } },
      ],
    },
  };
  const listener = {
    name: 'tls',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        transport_socket: { name: 'tls', typed_config: tlsContext },
        filters: [{ name: 'hcm', typed_config: manager }],
      },
    ],
  };
  return JSON.stringify({
    node: { id: 'test', cluster: 'test' },
    static_resources: { listeners: [listener] },
  });
}

/** The SDS resource that watches a secret's folder. */
function leafResource(secret: string): string {
  const file = (name: string): { filename: string } => ({ filename: join(secret, name) });
  const leaf = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
    name: 'leaf',
    tls_certificate: {
      certificate_chain: file('tls.crt'),
      private_key: file('tls.key'),
      watched_directory: { path: secret },
    },
  };
  return JSON.stringify({ resources: [leaf] });
}

/** The serial number of the certificate a TLS server shows, checked against the roots; '' if there is no handshake yet. */
async function serialShown(port: number, ca: string): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port, ca });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().serialNumber;
  } catch {
    return '';
  } finally {
    socket.destroy();
  }
}

test('a real Envoy takes a renewed certificate from the secret folder without a restart', async () => {
  const { platform } = await start();
  const authority = await openStoredAuthority({
    secrets: platform.secrets,
    namespace: 'meshwright-system',
    secretName: 'meshwright-ca',
    trustDomain: 'cluster.local',
    now: Date.now,
  });
  const renew = async (): Promise<string> => {
    const spiffeId = 'spiffe://cluster.local/ns/shop/sa/reviews';
    const pair: KeyPair = await authority.issue({ spiffeId, ipAddresses: ['127.0.0.1'], ttlMs: 3_600_000 });
    const data = {
      'tls.crt': pair.certificate,
      'tls.key': pair.privateKey,
      'ca.crt': authority.trustBundle(),
    };
    await platform.secrets.write('shop', 'meshwright-reviews', data, {});
    return new X509Certificate(pair.certificate).serialNumber;
  };
  const first = await renew();
  await put('sds.json', leafResource(join(stateFolder, 'secrets', 'shop', 'meshwright-reviews')));
  const envoy = await startEnvoy({ bootstrap: tlsListener(join(folder, 'sds.json')) });
  try {
    await envoy.waitFor(async () => envoy.ready());
    const port = await envoy.listenerPort('tls');
    const shown = async (): Promise<string> => serialShown(port, authority.trustBundle());

    const before = await shown();
    const renewed = [await renew(), await renew()];
    await envoy.waitFor(async () => (await shown()) === renewed[1]);

    expect(before).toBe(first);
    expect(new Set([first, ...renewed]).size).toBe(3);
    expect(await envoy.stat('server.hot_restart_epoch')).toBe(0);
    expect(await envoy.stat('listener_manager.listener_modified')).toBe(0);
  } finally {
    await envoy.stop();
  }
});
