// The operator's line from the store to the wire, fed with a synthetic mesh. Entry of a child process of main.ts.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openBuiltInAuthority } from '../../operator/certificates/built-in.ts';
import { systemTimers } from '../../operator/timers.ts';
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
  type Change,
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

/** Service → the endpoint that is not ready. */
const unready = new Map<number, number>();

function flip(index: number): void {
  version += 1;
  const next = ((unready.get(index) ?? -1) + 1) % options.endpoints;
  unready.set(index, next);
  store.upsert(slice(index, options.endpoints, { unready: next, version }));
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

let changes: Change[] = [];

/** Service after service: none changes twice within a short time. As often as asked, also if the process is busy. */
function churn(perSecond: number, ms: number): void {
  const startMs = monotonicMs();
  changes = [];
  const tick = setInterval(() => {
    const elapsedMs = Math.min(ms, monotonicMs() - startMs);
    while (changes.length < (elapsedMs / 1000) * perSecond) {
      const index = (changes.length * 7) % options.services;
      changes.push([index, monotonicMs()]);
      flip(index);
    }
    if (elapsedMs >= ms) clearInterval(tick);
  }, 1000 / perSecond);
}

const inspector = new Session();

async function profile(file: string | null): Promise<void> {
  if (file === null) {
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.start');
    return;
  }
  const result = await inspector.post('Profiler.stop');
  inspector.disconnect();
  writeFileSync(file, JSON.stringify(result.profile));
}

function perform(command: ServerCommand): unknown {
  const atMs = monotonicMs();
  switch (command.type) {
    case 'endpoint':
      flip(command.service);
      break;
    case 'route':
      store.upsert(trafficPolicy(command.service, (version += 1)));
      break;
    case 'churn':
      churn(command.perSecond, command.ms);
      break;
    case 'changes':
      return changes;
    case 'usage':
      return usage();
    case 'collect-garbage':
      globalThis.gc?.();
      break;
    case 'profile':
      void profile(command.file).then(() => process.send?.({ atMs }));
      return undefined;
  }
  return { atMs };
}

process.on('message', (command: ServerCommand) => {
  const answer = perform(command);
  if (answer !== undefined) process.send?.(answer);
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
