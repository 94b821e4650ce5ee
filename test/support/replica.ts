// One replica of the operator as far as proxies and other replicas see it: the xDS port with mutual TLS, small snapshots,
// and what it tells the leader or hears as the leader. Entry: startReplica.
import type { Authority } from '../../operator/certificates/authority.ts';
import type { Log } from '../../operator/process/log.ts';
import { createLog } from '../../operator/process/log.ts';
import { formatHolder } from '../../operator/replicas/holder.ts';
import type { QuotaMessage } from '../../operator/replicas/quota-message.ts';
import { createReplicas, type Replicas } from '../../operator/replicas/replicas.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { encodeAny } from '../../operator/envoy/proto/registry.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import { reloadableCredentials } from '../../operator/xds/server/credentials.ts';
import { createAdsServer, type AdsServer } from '../../operator/xds/server/server.ts';
import { buildSnapshot } from '../../operator/xds/snapshot/snapshot.ts';
import type { Counted } from '../../operator/telemetry/point.ts';
import type { Snapshot } from '../../operator/xds/snapshot/types.ts';
import { freePort } from './kubernetes/free-port.ts';
import { operatorId } from './xds-certificates.ts';

export interface ReplicaOptions {
  readonly name: string;
  readonly authority: Authority;
  /** The SPIFFE id that a workload has to prove. */
  readonly identityOf: (workload: string) => string | undefined;
  /** Who it is to others. Default: the operator. */
  readonly spiffeId?: string;
  /** Of a version that knows nothing of quotas. Default: false. */
  readonly isOld?: boolean;
}

export interface TestReplica {
  readonly replicas: Replicas;
  readonly server: AdsServer;
  readonly port: number;
  /** What it writes into the Lease. */
  readonly holder: string;
  /** How often it was told of a change elsewhere. */
  readonly changes: () => number;
  /** What sidecars reported to other replicas, as it was told. */
  readonly counted: readonly Counted[];
  /** What it was told of quotas by other replicas. */
  readonly quotas: readonly QuotaMessage[];
  /** Messages of its log, with their fields. */
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
  /** Publishes resources: `shared` for the proxies of all workloads, and those under a workload's key for its own. */
  publish(contents: Contents): void;
  /** From now on it has a certificate of this authority. */
  renew(from: Authority): Promise<void>;
  stop(): Promise<void>;
}

export type Contents = Readonly<Record<string, readonly XdsResource[]>>;

export async function startReplica(options: ReplicaOptions): Promise<TestReplica> {
  const { name, authority, identityOf } = options;
  const port = await freePort();
  const holder = formatHolder({ name, address: `127.0.0.1:${port}`, nonce: `${name}${port}` });
  const { log, lines } = recordingLog();
  let snapshot: Snapshot | null = null;
  let changes = 0;
  const counted: Counted[] = [];
  const quotas: QuotaMessage[] = [];
  const replicas = createReplicas({
    identity: () => holder,
    own: () => ({ snapshot, proxies: server.proxies() }),
    log,
    clock: systemClock,
    onChange: () => void (changes += 1),
    rebuild: () => undefined,
    onCounted: (it) => void counted.push(it),
    onQuota: (it) => void quotas.push(it),
  });
  const tls = reloadableCredentials();
  const server = createAdsServer({
    address: `127.0.0.1:${port}`,
    credentials: tls.credentials,
    identityOf,
    services: () => (options.isOld === true ? withoutQuotas(replicas.services) : replicas.services),
    identifier: name,
    log: createLog('silent'),
    observer: { ...silentObserver, changed: () => replicas.changed() },
  });
  const renew = async (from: Authority): Promise<void> => {
    const request = { spiffeId: options.spiffeId ?? operatorId, ttlMs: 3_600_000 };
    const pair = { ...(await from.issue(request)), trustBundle: from.trustBundle() };
    tls.update(pair);
    replicas.credentials.update(pair);
  };
  await server.start();
  await renew(authority);
  return {
    replicas,
    server,
    port,
    holder,
    changes: () => changes,
    counted,
    quotas,
    logged: () => lines,
    publish: (contents) => {
      snapshot = snapshotOf(snapshot, contents);
      server.publish(snapshot);
      replicas.changed();
    },
    renew,
    stop: async () => {
      await replicas.stop();
      await server.stop();
    },
  };
}

function withoutQuotas(services: Replicas['services']): Replicas['services'] {
  return services.map(({ definition: { Report }, implementation }) => {
    return { definition: Report === undefined ? {} : { Report }, implementation };
  });
}

const silentObserver = {
  streams: () => undefined,
  pushed: () => undefined,
  acked: () => undefined,
  nacked: () => undefined,
  converged: () => undefined,
};

/** Nothing is checked: what Envoy refuses is to reach it. */
export function snapshotOf(previous: Snapshot | null, contents: Contents): Snapshot {
  const workloads = Object.keys(contents).filter((id) => id !== 'shared');
  const layers = new Map(Object.entries(contents));
  const views = new Map(workloads.map((id) => [id, 'shared' in contents ? ['shared', id] : [id]]));
  return buildSnapshot(previous, { layers, views }, { encodeAny, check: () => [] });
}

function recordingLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const note =
    (level: string) =>
    (fields: unknown, message?: unknown): void => {
      lines.push({ level, message, ...(fields as object) });
    };
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  return { log: Object.assign(createLog('silent'), log), lines };
}
