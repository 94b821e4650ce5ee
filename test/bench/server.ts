// The operator's line from the store to the wire, fed with a synthetic mesh. Entry of a child process of main.ts.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openBuiltInAuthority } from '../../operator/certificates/built-in.ts';
import { systemTimers } from '../../operator/certificates/timers.ts';
import { createLog } from '../../operator/log.ts';
import { createPipeline } from '../../operator/pipeline.ts';
import type { SecretData, SecretPort } from '../../operator/platform/platform.ts';
import { createStore } from '../../operator/store/store.ts';
import { checkMessage } from '../../operator/xds/checks/check-message.ts';
import { encodeAny } from '../../operator/xds/proto/registry.ts';
import { reloadableCredentials } from '../../operator/xds/server/credentials.ts';
import { createAdsServer } from '../../operator/xds/server/server.ts';
import {
  monotonicMs,
  type Ready,
  type ServerCommand,
  type ServerOptions,
  type ServerUsage,
} from './protocol.ts';
import { mesh, pod, service, serviceName, slice, trafficPolicy, namespaceOf } from './synthetic-mesh.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ServerOptions;
const log = createLog('error');
const identities = new Map<string, string>();
let streams = 0;
let isDemanded = false;
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
  demand: () => {
    isDemanded = true;
    setImmediate(() => {
      if (isDemanded) pipeline.demand();
      isDemanded = false;
    });
  },
  identifier: 'bench',
  log,
  observer: {
    streams: (open) => {
      streams = open;
    },
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
  wanted: () => ads.workloads(),
  onIdentities: (_wanted, ir) => {
    identities.clear();
    for (const { key, identity } of ir.workloads) identities.set(key, identity.spiffeId);
  },
  onSnapshot: (snapshot) => ads.publish(snapshot),
  onOutcome: nothing,
});
const store = createStore({
  timer: (delayMs, fire) => systemTimers.after(delayMs, fire),
  onSettled: (resources) => pipeline.settled(resources),
});

async function certificates(): Promise<Ready['tls']> {
  if (!options.tls) return null;
  const own = await authority.issue({
    spiffeId: 'spiffe://cluster.local/ns/bench/sa/operator',
    ttlMs: 86_400_000,
  });
  credentials.update({ ...own, trustBundle: authority.trustBundle() });
  const issued: Record<string, { cert: string; key: string }> = {};
  for (let index = 0; index * options.endpoints < options.proxies; index += 1) {
    const spiffeId = `spiffe://cluster.local/ns/${namespaceOf(index)}/sa/${serviceName(index)}`;
    const pair = await authority.issue({ spiffeId, ttlMs: 86_400_000 });
    issued[serviceName(index)] = { cert: pair.certificate, key: pair.privateKey };
  }
  return { ca: authority.trustBundle(), certificates: issued };
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

let version = 1;
const loop = monitorEventLoopDelay({ resolution: 5 });
loop.enable();
let peakRssMb = 0;
const watch = setInterval(() => {
  peakRssMb = Math.max(peakRssMb, process.memoryUsage.rss() / 2 ** 20);
}, 20);

function flip(index: number): void {
  version += 1;
  store.upsert(slice(index, options.endpoints, { unready: version % options.endpoints, version }));
}

function usage(): ServerUsage {
  const { user, system } = process.cpuUsage();
  const result = {
    cpuMs: (user + system) / 1000,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    peakRssMb,
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    externalMb: process.memoryUsage().external / 2 ** 20,
    loopP99Ms: loop.percentile(99) / 1e6 - 5,
    loopMaxMs: loop.max / 1e6 - 5,
    streams,
  };
  loop.reset();
  peakRssMb = 0;
  return result;
}

function churn(perSecond: number, ms: number): void {
  const until = monotonicMs() + ms;
  const tick = setInterval(() => {
    if (monotonicMs() > until) clearInterval(tick);
    else flip(Math.floor(Math.random() * options.services));
  }, 1000 / perSecond);
}

process.on('message', (command: ServerCommand) => {
  const atMs = monotonicMs();
  if (command.type === 'endpoint') flip(command.service);
  else if (command.type === 'route') store.upsert(trafficPolicy(command.service, (version += 1)));
  else if (command.type === 'churn') churn(command.perSecond, command.ms);
  else if (command.type === 'collect-garbage') globalThis.gc?.();
  process.send?.(command.type === 'usage' ? usage() : { atMs });
});
process.on('disconnect', () => {
  clearInterval(watch);
  process.exit(0);
});

const startedAtMs = monotonicMs();
pipeline.trust(authority.trustBundle());
const tls = await certificates();
await ads.start();
fill();
while (!ads.ready()) await new Promise((resolve) => setImmediate(resolve));
process.send?.({ port: ads.port(), tls, startMs: monotonicMs() - startedAtMs } satisfies Ready);
