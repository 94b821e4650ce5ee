// The operator put together: which part feeds which. No arrow goes back: statuses never re-enter translation.
import { createAdminServer } from '../admin/server.ts';
import { systemClock as clock } from '../process/clock.ts';
import { createIssuance } from './issuance.ts';
import { createPlatform } from './create-platform.ts';
import { throttle } from '../process/throttle.ts';
import { createInjection } from './injection.ts';
import { createLeadership } from './leadership.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import { createMetrics } from '../process/metrics.ts';
import { createPipeline } from './pipeline.ts';
import { platformComponent } from './platform-component.ts';
import { formatHolder, type Holder } from '../replicas/holder.ts';
import { createReplicas } from '../replicas/replicas.ts';
import type { Settings } from '../process/settings.ts';
import { createStatusReports } from './status-reports.ts';
import { createStore } from '../store/store.ts';
import { checkMessage } from '../envoy/checks/check-message.ts';
import { describeSnapshot } from '../xds/snapshot/describe.ts';
import { encodeAny } from '../envoy/proto/registry.ts';
import { reloadableCredentials } from '../xds/server/credentials.ts';
import { createAdsServer } from '../xds/server/server.ts';
import type { SnapshotTools } from '../xds/snapshot/snapshot.ts';

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

// One expression for each part, in the order of the data: a list, not an algorithm.
// oxlint-disable-next-line max-lines-per-function
export function createOperator(settings: Settings, log: Log, self: Omit<Holder, 'address'>): Operator {
  const metrics = createMetrics();
  const platform = createPlatform(settings, log.child({ component: 'platform' }));
  const ready = Promise.withResolvers<void>();
  const credentials = reloadableCredentials();
  const identities = new Map<string, string>();

  const store = createStore({
    clock,
    onSettled: (resources) => {
      pipeline.settled(resources);
      injection.setInput(resources, pipeline.now().ir?.settings ?? null);
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
    connectedWorkloads: () => connectedWorkloads(),
    onIdentities: (needed, ir) => {
      identities.clear();
      for (const workload of ir.workloads) identities.set(workload.key, workload.identity.spiffeId);
      issuance.setIdentities(needed, ir);
    },
    onSnapshot: (snapshot) => {
      ads.publish(snapshot);
      ready.resolve();
      replicas.changed();
      injection.recheck();
    },
    onOutcome: () => status.changed(),
  });
  const issuance = createIssuance({
    platform,
    settings,
    log: log.child({ component: 'certificates' }),
    mesh: () => pipeline.now().ir,
    onServerCertificate: (certificate) => {
      credentials.update(certificate);
      replicas.credentials.update(certificate);
      pipeline.trust(certificate.trustBundle);
    },
    onChange: () => {
      metrics.certificatesExpire(issuance.state().rootNotAfter, undefined);
      injection.recheck();
      status.changed();
    },
  });
  const injection = createInjection({
    platform,
    settings,
    log: log.child({ component: 'injection' }),
    xdsReady: () => ads.ready(),
    onChange: () => status.changed(),
  });
  const rebuild = throttle(() => pipeline.rebuild(), clock);
  const identity = (): string => formatHolder({ ...self, address: ownAddress(settings, ads.port()) });
  const replicas = createReplicas({
    identity,
    own: () => ({ snapshot: pipeline.now().snapshot, proxies: ads.proxies() }),
    log: log.child({ component: 'replicas' }),
    clock,
    onChange: () => status.changed(),
    rebuild,
  });
  /** Whose layers have to be there: of all proxies that are connected, to whichever operator. */
  const connectedWorkloads = (): ReadonlySet<string> =>
    new Set([...ads.connectedWorkloads(), ...replicas.workloads()]);
  const ads = createAdsServer({
    address: hostPort(settings.xdsAddress),
    credentials: credentials.credentials,
    identityOf: (workload) => identities.get(workload),
    rebuild,
    services: replicas.services,
    identifier: `meshwright/${self.name}/${self.nonce}`,
    log: log.child({ component: 'xds' }),
    observer: {
      ...metrics,
      changed: () => {
        replicas.changed();
        status.changed();
      },
    },
  });
  const status = createStatusReports({
    port: platform.statuses,
    log: log.child({ component: 'status' }),
    clock,
    metrics,
    outcome: () => pipeline.now(),
    proxies: () => replicas.proxies(),
    isConverging: () => ads.isConverging(),
    connected: connectedWorkloads,
    issuer: issuance,
    workloads: () => injection.report(),
  });
  const leadership = createLeadership({
    leases: platform.leases,
    identity,
    parts: [issuance, injection, status],
    onHolder: (holder) => replicas.setHolder(holder),
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
      proxies: () => replicas.proxies(),
      status: () => Object.fromEntries(status.writer.latest()),
    },
  });
  const loops = closing('loops', () => {
    status.close();
    store.close();
    metrics.close();
  });
  // Without a Mesh there is nothing to serve, and that is no fault of the operator's.
  const xds = { ...methodsOf(ads), ready: () => !issuance.isWanted() || ads.ready() };
  const components: readonly Component[] = [
    closing('platform connections', () => platform.close?.()),
    loops,
    admin,
    status.writer,
    issuance,
    xds,
    replicas,
    watching.component,
    leadership,
  ];
  return {
    components,
    ports: () => ({ xdsPort: ads.port(), adminPort: admin.port() }),
    whenReady: ready.promise,
    failed: watching.failed,
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

function snapshotTools(settings: Settings): SnapshotTools {
  const skip = new Set(settings.skipChecks.map((check) => ({ re2: 'regex' as const })[check]));
  return { encodeAny, check: (typeUrl, message) => checkMessage(typeUrl, message, skip) };
}

/** Where other operators reach this one. */
function ownAddress({ podAddress, xdsAddress }: Settings, port: number): string {
  return hostPort({ host: podAddress ?? xdsAddress.host, port });
}

function hostPort({ host, port }: Settings['xdsAddress']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
