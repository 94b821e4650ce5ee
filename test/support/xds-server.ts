// A running discovery server for tests: small real resources in, and what it counted. Entry: startXds.
import { createLog } from '../../operator/process/log.ts';
import { encodeAny } from '../../operator/envoy/proto/registry.ts';
import { typeUrl, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import { extension } from '../../operator/envoy/resources/typed-config.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import type { AdsServerOptions } from '../../operator/xds/server/options.ts';
import { createAdsServer, type AdsServer } from '../../operator/xds/server/server.ts';
import { buildSnapshot } from '../../operator/xds/snapshot/snapshot.ts';
import type { Snapshot } from '../../operator/xds/snapshot/types.ts';

export interface RunningXds {
  readonly server: AdsServer;
  readonly port: number;
  readonly counted: Counted;
  /** Publishes resources: those under a workload key for its proxy only, `shared` for all. */
  publish(contents: Readonly<Record<string, readonly XdsResource[]>>): void;
  stop(): Promise<void>;
}

/** What the observer was told. */
export interface Counted {
  streams: number;
  pushed: number;
  /** Resources in what was pushed. */
  resources: number;
  /** Streams that have begun. */
  begun: number;
  acked: number;
  nacked: number;
  converged: number;
}

export type StartOptions = Partial<
  Pick<
    AdsServerOptions,
    | 'address'
    | 'credentials'
    | 'identityOf'
    | 'sourceOf'
    | 'onSecondProxy'
    | 'initialSync'
    | 'waitTimeoutMs'
    | 'connectionAgeMs'
    | 'log'
  >
>;

/** Serves on a free port of the loopback address. Without credentials every node is believed. */
export async function startXds(options: StartOptions = {}): Promise<RunningXds> {
  const counted: Counted = {
    streams: 0,
    pushed: 0,
    resources: 0,
    begun: 0,
    acked: 0,
    nacked: 0,
    converged: 0,
  };
  const server = createAdsServer({
    address: '127.0.0.1:0',
    identityOf: () => 'anyone',
    log: createLog('silent'),
    ...options,
    identifier: 'replica-1/test',
    observer: {
      streams: (open) => {
        if (open > counted.streams) counted.begun += 1;
        counted.streams = open;
      },
      pushed: (_type, resources) => {
        counted.pushed += 1;
        counted.resources += resources;
      },
      acked: () => void (counted.acked += 1),
      nacked: () => void (counted.nacked += 1),
      converged: () => void (counted.converged += 1),
      changed: () => undefined,
    },
  });
  await server.start();
  let latest: Snapshot | null = null;
  return {
    server,
    port: server.port(),
    counted,
    publish: (contents) => {
      latest = snapshotOf(latest, contents);
      server.publish(latest);
    },
    stop: () => server.stop(),
  };
}

function snapshotOf(
  previous: Snapshot | null,
  contents: Readonly<Record<string, readonly XdsResource[]>>,
): Snapshot {
  const workloads = Object.keys(contents).filter((id) => id !== 'shared');
  const layers = new Map(Object.entries(contents));
  const views = new Map(workloads.map((id) => [id, 'shared' in contents ? ['shared', id] : [id]]));
  return buildSnapshot(previous, { layers, views }, { encodeAny, check: () => [] });
}

/** A resource with a name whose content is what `mark` says. */
export function sample(type: TypeUrl, name: string, mark = '1'): XdsResource {
  const origins = [{ kind: 'Test', namespace: '', name, generation: 1 }];
  return {
    typeUrl: type,
    name,
    message: messageOf(type, name, mark),
    origins,
    clusters: [],
    exclusiveKeys: [],
  };
}

function messageOf(type: TypeUrl, name: string, mark: string): EnvoyMessage {
  switch (type) {
    case typeUrl.cluster:
      return { name, alt_stat_name: mark };
    case typeUrl.endpoint:
      return { cluster_name: name, endpoints: [{ locality: { zone: mark } }] };
    case typeUrl.listener:
      return { name, stat_prefix: mark };
    case typeUrl.route:
      return { name, response_headers_to_remove: [mark] };
    case typeUrl.virtualHost:
      return { name, domains: [mark] };
    case typeUrl.secret:
      return { name, generic_secret: { secret: { inline_string: mark } } };
    case typeUrl.extensionConfig:
      return extension(name, 'envoy.extensions.filters.http.set_metadata.v3.Config', {
        metadata: [{ metadata_namespace: 'test', value: { mark } }],
      });
    case typeUrl.runtime:
      return { name, layer: { mark } };
  }
}
