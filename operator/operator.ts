// The operator put together: which part feeds which. No arrow goes back: statuses never re-enter translation.
import { createAdminServer } from './admin/server.ts';
import { openBuiltInAuthority } from './certificates/built-in.ts';
import type { Authority } from './certificates/authority.ts';
import { createIssuer } from './certificates/issuer.ts';
import { rootSecretName } from './certificates/names.ts';
import type { ServerCertificate } from './certificates/server-certificate.ts';
import { systemTimers } from './timers.ts';
import { createPlatform } from './create-platform.ts';
import { operatorSpiffeId } from './identity.ts';
import { createInjecting } from './injecting.ts';
import type { MeshIr } from './ir/mesh-ir.ts';
import { createLeading } from './leading.ts';
import type { Component } from './lifecycle.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createPipeline } from './pipeline.ts';
import { platformComponent } from './platform/platform-component.ts';
import type { SecretPort } from './platform/platform.ts';
import type { Settings } from './settings.ts';
import { createStatusReporting } from './status-reporting.ts';
import type { Timer } from './store/settle.ts';
import { createStore } from './store/store.ts';
import { checkMessage } from './xds/checks/check-message.ts';
import { describeSnapshot } from './xds/describe.ts';
import { encodeAny } from './xds/proto/registry.ts';
import { createRefreshing } from './refreshing.ts';
import { reloadableCredentials } from './xds/server/credentials.ts';
import { createAdsServer } from './xds/server/server.ts';
import type { SnapshotTools } from './xds/snapshot.ts';

export interface Operator {
  /** In the order of starting. */
  readonly components: readonly Component[];
  /** After start. */
  ports(): { readonly xdsPort: number; readonly adminPort: number };
  /** Resolves when the first snapshot is served. */
  readonly whenReady: Promise<void>;
  /** Rejects if a part that must go on for ever ended. */
  readonly failed: Promise<never>;
}

const timer: Timer = (delayMs, fire) => systemTimers.after(delayMs, fire);

// One expression for each part, in the order of the data: a list, not an algorithm.
// oxlint-disable-next-line max-lines-per-function
export function createOperator(settings: Settings, log: Log, identifier: string): Operator {
  const metrics = createMetrics();
  const platform = createPlatform(settings, log.child({ component: 'platform' }));
  const ready = Promise.withResolvers<void>();
  const credentials = reloadableCredentials();
  const identities = new Map<string, string>();
  let hasMesh = false;

  const store = createStore({
    timer,
    onSettled: (resources) => {
      pipeline.settled(resources);
      injecting.offer(resources, pipeline.now().ir?.settings ?? null);
    },
  });
  const watching = platformComponent(platform, {
    ...store,
    remove: (ref) => {
      status.writer.forget(ref);
      store.remove(ref);
    },
  });
  const pipeline = createPipeline({
    tools: snapshotTools(settings),
    log: log.child({ component: 'pipeline' }),
    metrics,
    wanted: () => ads.workloads(),
    onIdentities: (wanted, ir) => {
      identities.clear();
      for (const { key, identity } of ir.workloads) identities.set(key, identity.spiffeId);
      issuer.setIdentities(wanted, ir.settings.certificates);
      if (!hasMesh) startCertificates(ir);
      hasMesh = true;
    },
    onSnapshot: (snapshot) => {
      ads.publish(snapshot);
      ready.resolve();
      injecting.recheck();
    },
    onOutcome: () => status.changed(),
  });
  const issuer = createIssuer({
    openAuthority: () => openAuthority(platform.secrets, settings, pipeline.now().ir),
    secrets: platform.secrets,
    timers: systemTimers,
    log: log.child({ component: 'certificates' }),
    onReplaced: createRefreshing({
      pods: platform.pods,
      workloads: () => pipeline.now().ir?.workloads ?? [],
      log: log.child({ component: 'certificates' }),
    }),
    onChange: () => {
      metrics.certificatesExpire(issuer.state().rootNotAfter, undefined);
      injecting.recheck();
      status.changed();
    },
  });
  const injecting = createInjecting({
    platform,
    settings,
    log: log.child({ component: 'injection' }),
    xdsReady: () => ads.ready(),
    onChange: () => status.changed(),
  });
  /** Of which trust domain the authority and the operator itself are, the first Mesh says. */
  const startCertificates = (ir: MeshIr): void => {
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- it belongs to the lines below
    const use = (certificate: ServerCertificate): void => {
      credentials.update(certificate);
      pipeline.trust(certificate.trustBundle);
    };
    const spiffeId = operatorSpiffeId(ir.settings.trustDomain, settings.namespace);
    issuer
      .serverCertificate({ spiffeId, ttlMs: ir.settings.certificates.ttlMs }, use)
      .then(use, (error: unknown) => {
        log.warn({ error }, 'no certificate for the xds port');
      });
    void issuer.start();
  };
  const ads = createAdsServer({
    address: hostPort(settings.xdsAddress),
    credentials: credentials.credentials,
    identityOf: (workload) => identities.get(workload),
    demand: soon(() => pipeline.demand()),
    identifier,
    log: log.child({ component: 'xds' }),
    observer: { ...metrics, changed: () => status.changed() },
  });
  const status = createStatusReporting({
    port: platform.statuses,
    log: log.child({ component: 'status' }),
    timer,
    metrics,
    outcome: () => pipeline.now(),
    proxies: () => ads.proxies(),
    connected: () => ads.workloads(),
    issuer,
    workloads: () => injecting.report(),
  });
  const leading = createLeading({
    leases: platform.leases,
    identity: identifier,
    parts: [issuer, injecting, status],
    log: log.child({ component: 'leader' }),
  });
  const admin = createAdminServer({
    address: settings.adminAddress,
    log: log.child({ component: 'admin' }),
    metrics,
    components: () => components,
    debug: {
      resources: () => pipeline.now().resources,
      ir: () => pipeline.now().ir,
      snapshot: () => describeSnapshot(pipeline.now().snapshot),
      proxies: () => ads.proxies(),
      status: () => Object.fromEntries(status.writer.latest()),
    },
  });
  const loops = closing('loops', () => {
    status.close();
    store.close();
    metrics.close();
  });
  // Without a Mesh there is nothing to certify or to serve, and that is no fault of the operator's.
  const certificates = {
    ...methodsOf(issuer),
    start: () => Promise.resolve(),
    ready: () => !hasMesh || issuer.ready(),
  };
  const xds = { ...methodsOf(ads), ready: () => !hasMesh || ads.ready() };
  const components: readonly Component[] = [
    closing('platform connections', () => platform.close?.()),
    loops,
    admin,
    status.writer,
    certificates,
    xds,
    watching.component,
    leading,
  ];
  return {
    components,
    ports: () => ({ xdsPort: ads.port(), adminPort: admin.port() }),
    whenReady: ready.promise,
    failed: watching.failed,
  };
}

/** Gathers calls of one turn of the event loop, so that a storm of new streams costs one publication. */
function soon(work: () => void): () => void {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      work();
    });
  };
}

/** A component's own methods, to be spread. */
function methodsOf(of: Component): Component {
  return { name: of.name, start: () => of.start(), stop: () => of.stop(), ready: () => of.ready() };
}

/** What has nothing to start, but something to end. */
function closing(name: string, close: () => void): Component {
  const stop = (): Promise<void> => {
    close();
    return Promise.resolve();
  };
  return { name, start: () => Promise.resolve(), stop, ready: () => true };
}

function openAuthority(secrets: SecretPort, settings: Settings, ir: MeshIr | null): Promise<Authority> {
  if (ir === null) return Promise.reject(new Error('no Mesh is in force'));
  const { trustDomain } = ir.settings;
  const { namespace } = settings;
  return openBuiltInAuthority({ secrets, namespace, secretName: rootSecretName, trustDomain, now: Date.now });
}

function snapshotTools(settings: Settings): SnapshotTools {
  const skip = new Set(settings.skipChecks.map((check) => ({ re2: 'regex' as const })[check]));
  return { encodeAny, check: (typeUrl, message) => checkMessage(typeUrl, message, skip) };
}

function hostPort({ host, port }: Settings['xdsAddress']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
