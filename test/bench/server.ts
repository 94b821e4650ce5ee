// The operator's line from the store to the wire, fed with a synthetic mesh. Entry of a child process of main.ts.
import { openStoredAuthority } from '../../operator/certificates/stored-authority.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { createLog } from '../../operator/process/log.ts';
import { createBoard } from '../../operator/wiring/board.ts';
import { createPublication } from '../../operator/wiring/publication.ts';
import type { StoredObject } from '../../operator/objects/objects.ts';
import { createStorage } from '../../operator/wiring/storage.ts';
import { createTranslation } from '../../operator/wiring/translation.ts';
import type { SecretData, SecretPort } from '../../operator/ports/platform.ts';
import { reloadableCredentials } from '../../operator/xds/server/credentials.ts';
import { createAdsServer } from '../../operator/xds/server/server.ts';
import { setUpEngine } from '../../operator/process/engine.ts';
import { receiveOptions, serve } from './child.ts';
import { Edits } from './edits.ts';
import { measuring } from './measure.ts';
import { monotonicMs, type KeyPair, type Ready, type ServerCommand, type ServerOptions } from './protocol.ts';
import {
  mesh,
  namespaceOf,
  pod,
  service,
  serviceName,
  servicesWithProxies,
  slice,
  trafficPolicy,
} from './synthetic-mesh.ts';

setUpEngine();
const options = await receiveOptions<ServerOptions>();
const log = createLog('error');
const nothing = (): void => undefined;

const memory = new Map<string, SecretData>();
const secrets: SecretPort = {
  read: (namespace, name) => Promise.resolve(memory.get(`${namespace}/${name}`)),
  readBrought: () => Promise.reject(new Error('nobody brings an authority here')),
  write: (namespace, name, data) => {
    memory.set(`${namespace}/${name}`, data);
    return Promise.resolve();
  },
  replace: () => Promise.reject(new Error('no root is rotated here')),
  create: (namespace, name, data) => {
    memory.set(`${namespace}/${name}`, data);
    return Promise.resolve('created');
  },
};
const authority = await openStoredAuthority({
  secrets,
  namespace: 'bench',
  secretName: 'root',
  trustDomain: 'cluster.local',
  now: Date.now,
});
const board = createBoard();
const { snapshot, identities, ownWorkloads, serverCertificate, change } = board;
const credentials = reloadableCredentials();
const ads = createAdsServer({
  address: '127.0.0.1:0',
  ...(options.tls && { credentials: credentials.credentials }),
  identityOf: (workload) => identities.get()?.get(workload)?.identity.spiffeId,
  sourceOf: (workload) => identities.get()?.get(workload),
  rebuild: () => ownWorkloads.changed(),
  identifier: 'bench',
  log,
  observer: {
    streams: nothing,
    pushed: nothing,
    acked: nothing,
    nacked: nothing,
    converged: nothing,
    changed: nothing,
  },
});
const line = { log, clock: systemClock, metrics: { stageDone: nothing, resourcesInvalid: nothing } };
createStorage(board, line);
createTranslation(board, { ...line, settings: { namespace: 'meshwright-system' } });
createPublication({ ...board, connectedWorkloads: ownWorkloads }, { ...line, settings: { skipChecks: [] } });
ownWorkloads.define(() => ads.connectedWorkloads());
serverCertificate.subscribe(() => {
  const certificate = serverCertificate.get();
  if (certificate !== null) credentials.update(certificate);
});
snapshot.subscribe(() => {
  const latest = snapshot.get();
  if (latest !== null) ads.publish(latest);
});

async function certificates(): Promise<Ready['certificates']> {
  const own = await authority.issue({
    spiffeId: 'spiffe://cluster.local/ns/bench/sa/operator',
    ttlMs: 86_400_000,
  });
  serverCertificate.set({
    ...own,
    trustBundle: authority.trustBundle(),
    controlPlaneBundle: authority.controlPlaneBundle(),
    issuers: authority.issuers,
    links: '',
    wantedLeaves: null,
    revocationList: null,
  });
  if (!options.tls) return null;
  const issued: Record<string, KeyPair> = {};
  for (let index = 0; index < servicesWithProxies(options); index += 1) {
    const spiffeId = `spiffe://cluster.local/ns/${namespaceOf(index)}/sa/${serviceName(index)}`;
    const pair = await authority.issue({ spiffeId, ttlMs: 86_400_000 });
    issued[serviceName(index)] = { cert: pair.certificate, key: pair.privateKey };
  }
  return issued;
}

function put(object: StoredObject): void {
  change.set({ type: 'upsert', object });
}

function fill(): void {
  put(mesh);
  for (let index = 0; index < options.services; index += 1) {
    put(service(index));
    put(slice(index, options.endpoints, { unready: -1, version: 1 }));
    for (let endpoint = 0; endpoint < options.endpoints; endpoint += 1)
      put(pod(index, endpoint, options.endpoints));
    if (options.policies) put(trafficPolicy(index, 1, true));
  }
  change.set({ type: 'synced' });
}

const measure = measuring();
const edits = new Edits(options, { put });

async function perform(command: ServerCommand): Promise<object> {
  switch (command.type) {
    case 'endpoint':
    case 'route':
    case 'churn':
      return { atMs: await edits.perform(command) };
    case 'changes':
      return edits.changes();
    case 'usage':
    case 'collect-garbage':
    case 'profile':
      return await measure(command);
  }
}

const startedAtMs = monotonicMs();
const issued = await certificates();
await ads.start();
fill();
while (!ads.ready()) await new Promise((resolve) => setImmediate(resolve));
const startMs = monotonicMs() - startedAtMs;
const ready: Ready = { port: ads.port(), certificates: issued, podUids: null, startMs };
serve(perform, ready);
