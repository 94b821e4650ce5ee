// N proxies in one process: each an HTTP/2 connection and a delta stream that asks and acknowledges as an Envoy
// does. Entry of a child process of main.ts.
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { typeUrl as url } from '../../operator/xds/proto/type-urls.ts';
import { encodeDeltaRequest } from '../support/envoy/discovery-client.ts';
import { Frames, frame, scan, type Scanned } from './discovery-scan.ts';
import { monotonicMs, type ClientCommand, type ClientOptions, type Collected } from './protocol.ts';
import { namespaceOf, podName, serviceName } from './synthetic-mesh.ts';

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const window = 268_435_456;
const options = JSON.parse(process.argv[2] ?? '{}') as ClientOptions;

let arrivals: [number, number, number][] = [];
let counted = { messages: 0, bytes: 0 };
let refusedType: string | null = null;
/** Cluster names and versions are the same for all: read once. */
const shared = { clusters: [] as string[] };

function serviceOf(proxy: number): number {
  return Math.floor(proxy / options.endpoints);
}

class Proxy {
  isComplete = false;
  completeAtMs = 0;
  readonly index: number;
  private session: ClientHttp2Session | null = null;
  private stream: ClientHttp2Stream | null = null;
  private frames = new Frames();
  private asked = new Set<string>();
  /** What an Envoy would tell a new stream it has: name → version, by type. */
  readonly held = new Map<string, Map<string, string>>();

  constructor(index: number) {
    this.index = index;
  }

  connect(): void {
    this.isComplete = false;
    this.asked = new Set();
    this.frames = new Frames();
    const { tls, port } = options.ready;
    const name = serviceName(serviceOf(this.index));
    const pair = tls?.certificates[name];
    const session = connect(`${tls === null ? 'http' : 'https'}://127.0.0.1:${port}`, {
      settings: { initialWindowSize: window },
      ...(tls !== null && {
        ca: tls.ca,
        cert: pair?.cert,
        key: pair?.key,
        checkServerIdentity: () => undefined,
      }),
    });
    session.on('error', () => undefined);
    session.once('connect', () => session.setLocalWindowSize(window));
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('data', (chunk: Buffer) => this.onData(chunk));
    stream.on('error', () => undefined);
    this.session = session;
    this.stream = stream;
    this.ask(url.cluster, [], this.node());
  }

  disconnect(): void {
    this.session?.destroy();
  }

  pause(isPaused: boolean): void {
    const { session } = this;
    if (session === null) return;
    if (isPaused) session.socket.pause();
    else session.socket.resume();
  }

  private node(): Parameters<typeof encodeDeltaRequest>[0] {
    const service = serviceOf(this.index);
    const pod = podName(service, this.index % options.endpoints);
    const id = `Pod~${namespaceOf(service)}~${pod}~${pod}`;
    return { node: { id, cluster: 'bench', metadata: {}, userAgentVersion: '' } };
  }

  private ask(typeUrl: string, subscribe: readonly string[], more: object = {}): void {
    this.asked.add(typeUrl);
    const initialVersions = this.held.get(typeUrl) ?? new Map<string, string>();
    this.write(encodeDeltaRequest({ typeUrl, subscribe, initialVersions, ...more }));
  }

  private write(message: Uint8Array): void {
    this.stream?.write(frame(message));
  }

  private onData(chunk: Buffer): void {
    for (const message of this.frames.push(chunk)) {
      // All proxies see the same clusters: the first tells their names.
      const scanned = scan(message, shared.clusters.length === 0 || keepVersions);
      const atMs = monotonicMs();
      arrivals.push([this.index, atMs, scanned.bytes]);
      counted = { messages: counted.messages + 1, bytes: counted.bytes + scanned.bytes };
      this.answer(scanned);
    }
  }

  private answer(scanned: Scanned): void {
    const { typeUrl, nonce, names, versions } = scanned;
    if (versions.length > 0) this.keep(typeUrl, names, versions);
    const isRefused = typeUrl === refusedType && scanned.count > 0;
    const error = isRefused ? { code: 13, message: 'refused by the benchmark' } : null;
    // Envoy subscribes to the endpoints of new clusters before it acknowledges them.
    if (typeUrl === url.cluster && !this.asked.has(url.endpoint)) {
      if (shared.clusters.length === 0)
        shared.clusters = names.filter((name) => name.includes('/') && !name.startsWith('inbound'));
      this.ask(url.endpoint, shared.clusters);
      this.ask(url.secret, ['trust']);
    }
    this.write(encodeDeltaRequest({ typeUrl, nonce, ...(error !== null && { error }) }));
    if (typeUrl === url.cluster && !this.asked.has(url.listener)) this.ask(url.listener, []);
    if (typeUrl === url.listener && !this.asked.has(url.route))
      this.ask(url.route, ['outbound', 'inbound/8080']);
    if (typeUrl === url.route && !this.asked.has(url.virtualHost)) this.ask(url.virtualHost, []);
    if (typeUrl === url.virtualHost && !this.isComplete) {
      this.isComplete = true;
      this.completeAtMs = monotonicMs();
    }
  }

  private keep(typeUrl: string, names: readonly string[], versions: readonly string[]): void {
    const held = this.held.get(typeUrl) ?? new Map<string, string>();
    for (const [index, name] of names.entries()) held.set(name, versions[index] ?? '');
    this.held.set(typeUrl, held);
  }
}

/** Only where a reconnect follows: it costs the client memory. */
const keepVersions = process.argv[3] === 'keep-versions';
const proxies = Array.from({ length: options.proxies }, (_, index) => new Proxy(index));

function collect(): Collected {
  const complete = proxies.filter((proxy) => proxy.isComplete);
  const completeAtMs =
    complete.length < proxies.length ? 0 : Math.max(...complete.map((it) => it.completeAtMs));
  return { complete: complete.length, completeAtMs, ...counted, arrivals };
}

function onCommand(command: ClientCommand): void {
  switch (command.type) {
    case 'connect':
      for (const proxy of proxies) proxy.connect();
      break;
    case 'reconnect':
      for (const proxy of proxies) proxy.disconnect();
      for (const proxy of proxies) proxy.connect();
      break;
    case 'mark':
      arrivals = [];
      counted = { messages: 0, bytes: 0 };
      break;
    case 'collect':
      process.send?.(collect());
      break;
    case 'pause':
      for (const proxy of proxies.slice(0, command.count)) proxy.pause(command.paused);
      break;
    case 'refuse':
      refusedType = command.typeUrl;
      break;
  }
}

process.on('message', (command: ClientCommand) => onCommand(command));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
