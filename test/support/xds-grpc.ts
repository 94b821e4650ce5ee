// gRPC's own client of the protocol, in the state of the world, as an application uses it: a channel to `xds:///…` that finds
// its backends by what our server says. Entries: grpcShop for resources in the shape that gRPC reads, callerOf, startBackend.
import {
  Client,
  Server,
  ServerCredentials,
  credentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';
import { typeUrl as url, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { extension, overAds } from '../../operator/envoy/resources/typed-config.ts';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import { any } from '../../operator/envoy/resources/typed-config.ts';
import type { Closing } from './data-plane/closing.ts';

const path = '/test.Shop/Who';
const asIs = (bytes: Buffer): Buffer => bytes;

/** Answers every call with its name. Resolves to its port. */
export async function startBackend(name: string, closing: Closing): Promise<number> {
  const server = new Server();
  const who = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const answer = (_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void =>
    done(null, Buffer.from(name));
  server.addService({ Who: who }, { Who: answer });
  closing.add(async () => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** The environment variable from which gRPC reads where its configuration comes from; read once in a process. */
export function grpcBootstrap(ports: readonly number[], nodeId: string): string {
  const addresses = ports.map((port) => `127.0.0.1:${port}`).join(',');
  return JSON.stringify({
    xds_servers: [
      {
        server_uri: `ipv4:${addresses}`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    // It insists on a locality.
    node: { id: nodeId, locality: {} },
  });
}

/** Asks one of the backends of a service who it is: its name, or the status of the failed call. */
export function callerOf(service: string, closing: Closing): (deadlineMs?: number) => Promise<string> {
  register();
  const client = new Client(`xds:///${service}`, credentials.createInsecure());
  closing.add(async () => client.close());
  return (deadlineMs = 60_000) =>
    new Promise((resolve) => {
      const options = { deadline: Date.now() + deadlineMs };
      client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), options, (error, answer) => {
        resolve(error === null ? String(answer) : (status[error.code] ?? ''));
      });
    });
}

export interface GrpcService {
  readonly name: string;
  /** Default: its name. */
  readonly cluster?: string;
  readonly ports: readonly number[];
  /** Makes its resource of that type one that gRPC refuses. */
  readonly flaw?: TypeUrl;
}

/** Each service is a listener with a route configuration, a cluster, and endpoints. */
export function grpcShop(services: readonly GrpcService[]): readonly XdsResource[] {
  return services.flatMap((service) => {
    const cluster = service.cluster ?? service.name;
    const isBad = (type: TypeUrl): boolean => service.flaw === type;
    return [
      resource(url.listener, service.name, listener(service.name, isBad(url.listener))),
      resource(url.route, service.name, routes(service.name, cluster, isBad(url.route)), [cluster]),
      resource(url.cluster, cluster, clusterOf(cluster, isBad(url.cluster))),
      resource(url.endpoint, cluster, endpoints(cluster, service.ports, isBad(url.endpoint))),
    ];
  });
}

function resource(
  typeUrl: TypeUrl,
  name: string,
  message: EnvoyMessage,
  clusters: readonly string[] = [],
): XdsResource {
  const origins = [{ kind: 'Test', namespace: '', name, generation: 1 }];
  return { typeUrl, name, message, origins, clusters, exclusiveKeys: [] };
}

function listener(name: string, isBad: boolean): EnvoyMessage {
  const router = extension('router', 'envoy.extensions.filters.http.router.v3.Router');
  const manager = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    rds: { route_config_name: name, ...(!isBad && { config_source: overAds }) },
    http_filters: [router],
  });
  return { name, api_listener: { api_listener: manager } };
}

function routes(name: string, cluster: string, isBad: boolean): EnvoyMessage {
  const retry_policy = { retry_on: 'unavailable', num_retries: isBad ? 0 : 1 };
  const route = { match: { prefix: '' }, route: { cluster, retry_policy } };
  return { name, virtual_hosts: [{ name, domains: ['*'], routes: [route] }] };
}

function clusterOf(name: string, isBad: boolean): EnvoyMessage {
  return {
    name,
    type: isBad ? 'STATIC' : 'EDS',
    eds_cluster_config: { eds_config: overAds },
  };
}

function endpoints(name: string, ports: readonly number[], isBad: boolean): EnvoyMessage {
  const found = ports.map((port) => ({
    endpoint: { address: { socket_address: { address: isBad ? 'nohost' : '127.0.0.1', port_value: port } } },
  }));
  // Without a weight gRPC takes a locality for one that gets nothing.
  return {
    cluster_name: name,
    endpoints: [{ locality: { region: 'here' }, load_balancing_weight: 1, lb_endpoints: found }],
  };
}
