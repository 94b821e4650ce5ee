// The operator's line from the store to the wire, fed with a synthetic mesh. Entry of a child process of main.ts.
import { openBuiltInAuthority } from '../../operator/certificates/built-in.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { throttle } from '../../operator/process/throttle.ts';
import { createLog } from '../../operator/process/log.ts';
import { createPipeline } from '../../operator/wiring/pipeline.ts';
import type { SecretData, SecretPort } from '../../operator/ports/platform.ts';
import { createStore } from '../../operator/store/store.ts';
import { checkMessage } from '../../operator/envoy/checks/check-message.ts';
import { encodeAny } from '../../operator/envoy/proto/registry.ts';
import { reloadableCredentials } from '../../operator/xds/server/credentials.ts';
import { createAdsServer } from '../../operator/xds/server/server.ts';
import { setUpMemory } from '../../operator/process/process-memory.ts';
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
} from './synthetic-mesh.ts';

setUpMemory();
const options = await receiveOptions<ServerOptions>();
const log = createLog('error');
const identities = new Map<string, string>();
const nothing = (): void => undefined;

const memory = new Map<string, SecretData>();
const secrets: SecretPort = {
  read: (namespace, name) => Promise.resolve(memory.get(`${namespace}/${name}`)),
  write: (namespace, name, data) => {
    memory.set(`${namespace}/${name}`, data);
    return Promise.resolve();
  },
  create: (namespace, name, data) => {
    memory.set(`${namespace}/${name}`, data);
    return Promise.resolve('created');
  },
};
const authority = await openBuiltInAuthority({
  secrets,
  namespace: 'bench',
  secretName: 'root',
  trustDomain: 'cluster.local',
  now: Date.now,
});
const credentials = reloadableCredentials();
const ads = createAdsServer({
  address: '127.0.0.1:0',
  ...(options.tls && { credentials: credentials.credentials }),
  identityOf: (workload) => identities.get(workload),
  rebuild: throttle(() => pipeline.rebuild(), systemClock),
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
const pipeline = createPipeline({
  tools: { encodeAny, check: (typeUrl, message) => checkMessage(typeUrl, message) },
  log,
  metrics: { stageDone: nothing, resourcesInvalid: nothing },
  connectedWorkloads: () => ads.connectedWorkloads(),
  onIdentities: (_identities, ir) => {
    identities.clear();
    for (const { key, identity } of ir.workloads) identities.set(key, identity.spiffeId);
  },
  onSnapshot: (snapshot) => ads.publish(snapshot),
  onOutcome: nothing,
});
const store = createStore({
  clock: systemClock,
  onSettled: (resources) => pipeline.settled(resources),
});

async function certificates(): Promise<Ready['certificates']> {
  if (!options.tls) return null;
  const own = await authority.issue({
    spiffeId: 'spiffe://cluster.local/ns/bench/sa/operator',
    ttlMs: 86_400_000,
  });
  credentials.update({ ...own, trustBundle: authority.trustBundle() });
  const issued: Record<string, KeyPair> = {};
  for (let index = 0; index < servicesWithProxies(options); index += 1) {
    const spiffeId = `spiffe://cluster.local/ns/${namespaceOf(index)}/sa/${serviceName(index)}`;
    const pair = await authority.issue({ spiffeId, ttlMs: 86_400_000 });
    issued[serviceName(index)] = { cert: pair.certificate, key: pair.privateKey };
  }
  return issued;
}

function fill(): void {
  store.upsert(mesh);
  for (let index = 0; index < options.services; index += 1) {
    store.upsert(service(index));
    store.upsert(slice(index, options.endpoints, { unready: -1, version: 1 }));
    for (let endpoint = 0; endpoint < options.endpoints; endpoint += 1)
      store.upsert(pod(index, endpoint, options.endpoints));
  }
  store.synced();
}

const measure = measuring();
const edits = new Edits(options, { put: (object) => store.upsert(object) });

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
pipeline.trust(authority.trustBundle());
const issued = await certificates();
await ads.start();
fill();
while (!ads.ready()) await new Promise((resolve) => setImmediate(resolve));
const ready: Ready = { port: ads.port(), certificates: issued, startMs: monotonicMs() - startedAtMs };
serve(perform, ready);
