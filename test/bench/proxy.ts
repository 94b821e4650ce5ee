// One proxy: a connection with a delta stream that asks and acknowledges as an Envoy does, and remembers no more of what it is
// sent than it must.
import type { SecureContext } from 'node:tls';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { localCluster } from '../../operator/values/sidecar-names.ts';
import { encodeDeltaRequest } from '../support/envoy/discovery-client.ts';
import { DiscoveryScan, type Scanned } from './discovery-scan.ts';
import { monotonicMs } from './protocol.ts';
import { framed, RawStream, type Framed } from './raw-stream.ts';
import { ask as request, framedAcknowledgement, Held, named } from './requests.ts';

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
/** A small message is looked into: which services does it bring? */
const smallBytes = 256 * 1024;

/** What all proxies of the process have in common. */
export interface Fleet {
  readonly port: number;
  /** The proxies tell new streams what they have, from the next stream on that begins with nothing: costs memory. */
  isKeeping: boolean;
  /** Every response that changes something of this type is refused. */
  refusedType: string | null;
  /** Cluster names are the same for all: read once. */
  clusters: readonly string[];
  /** Streams that the proxies did not end. */
  lost: number;
  readonly received: (proxy: number, atMs: number, scanned: Scanned) => void;
}

export interface ProxyOptions {
  readonly index: number;
  readonly nodeId: string;
  /** null: plaintext. */
  readonly secureContext: SecureContext | null;
}

export class Proxy {
  isComplete = false;
  completeAtMs = 0;
  private readonly fleet: Fleet;
  private readonly options: ProxyOptions;
  private stream: RawStream | null = null;
  private isStalling = false;
  private readonly asked = new Set<string>();
  private readonly held = new Held();
  /** The first requests of the next stream, by type, if it is to tell what it has. */
  private prepared: ReadonlyMap<string, Framed> = new Map();

  constructor(fleet: Fleet, options: ProxyOptions) {
    this.fleet = fleet;
    this.options = options;
  }

  connect(): void {
    this.isComplete = false;
    this.asked.clear();
    const { secureContext } = this.options;
    const scan = new DiscoveryScan({
      // All proxies see the same clusters: the first tells their names.
      wantsNames: (bytes) => this.fleet.clusters.length === 0 || this.fleet.isKeeping || bytes < smallBytes,
      onMessage: (scanned) => this.onMessage(scanned),
    });
    this.stream = new RawStream({
      port: this.fleet.port,
      path,
      // Which certificate the server bears is not looked at: that is work of the clients only.
      tls: secureContext === null ? null : { secureContext, rejectUnauthorized: false },
      onData: (bytes, start, end) => {
        if (this.isStalling) this.stream?.pause();
        scan.push(bytes, start, end);
      },
      onLost: () => {
        this.fleet.lost += 1;
      },
    });
    // An Envoy that comes back asks for everything at once, and hears only of differences.
    for (const typeUrl of [url.runtime, url.cluster, ...this.prepared.keys()])
      if (!this.asked.has(typeUrl)) this.ask(typeUrl, named.get(typeUrl) ?? []);
  }

  disconnect(): void {
    this.stream?.destroy();
  }

  /** Comes anew, and stops reading in the midst of the first response. */
  stall(): void {
    this.disconnect();
    this.forget();
    this.isStalling = true;
    this.connect();
  }

  resume(): void {
    this.isStalling = false;
    this.stream?.resume();
  }

  /** Forgets what it has. */
  forget(): void {
    this.held.clear();
    this.prepared = new Map();
  }

  /** Encodes what the first requests of the next stream will be: not while the clock runs. */
  prepare(): void {
    const { index, nodeId } = this.options;
    this.prepared = this.held.requests(index, (typeUrl) =>
      request(typeUrl, typeUrl === url.endpoint ? this.fleet.clusters : (named.get(typeUrl) ?? []), nodeId),
    );
    this.held.clear();
  }

  private ask(typeUrl: string, subscribe: readonly string[]): void {
    this.asked.add(typeUrl);
    this.stream?.send(this.prepared.get(typeUrl) ?? this.firstRequest(typeUrl, subscribe));
  }

  private firstRequest(typeUrl: string, subscribe: readonly string[]): Framed {
    if (typeUrl === url.runtime) return framed(request(typeUrl, subscribe, this.options.nodeId));
    // All but the first of a stream are the same for everybody.
    const known = firstRequests.get(typeUrl) ?? framed(request(typeUrl, subscribe, null));
    firstRequests.set(typeUrl, known);
    return known;
  }

  private onMessage(scanned: Scanned): void {
    const atMs = monotonicMs();
    this.answer(scanned);
    this.fleet.received(this.options.index, atMs, scanned);
  }

  private answer(scanned: Scanned): void {
    const { typeUrl, nonce, names, versions, count } = scanned;
    const { fleet } = this;
    if (fleet.isKeeping) this.held.add(typeUrl, names, versions);
    // Envoy subscribes to the endpoints of new clusters before it acknowledges them.
    if (typeUrl === url.cluster && !this.asked.has(url.endpoint)) {
      if (fleet.clusters.length === 0) {
        fleet.clusters = [...names.filter(isOfService), localCluster].toSorted();
      }
      this.ask(url.endpoint, fleet.clusters);
      this.ask(url.secret, named.get(url.secret) ?? []);
    }
    this.stream?.send(
      typeUrl === fleet.refusedType && count > 0
        ? framed(encodeDeltaRequest({ typeUrl, nonce, error: refusal }))
        : framedAcknowledgement(typeUrl, nonce),
    );
    if (typeUrl === url.cluster && !this.asked.has(url.listener)) this.ask(url.listener, []);
    if (typeUrl === url.listener && !this.asked.has(url.route)) {
      this.ask(url.extensionConfig, named.get(url.extensionConfig) ?? []);
      this.ask(url.route, named.get(url.route) ?? []);
    }
    if (typeUrl === url.route && !this.asked.has(url.virtualHost)) this.ask(url.virtualHost, []);
    if (typeUrl === url.virtualHost && !this.isComplete) {
      this.isComplete = true;
      this.completeAtMs = monotonicMs();
    }
  }
}

const refusal = { code: 13, message: 'refused by the benchmark' } as const;
const firstRequests = new Map<string, Framed>();

function isOfService(cluster: string): boolean {
  return cluster.includes('/') && !cluster.startsWith('inbound');
}
