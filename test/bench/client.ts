// N proxies in one process: each a connection and a delta stream that asks and acknowledges as an Envoy does. Entry of a
// child process of main.ts.
import { createSecureContext } from 'node:tls';
import { typeUrl as url } from '../../operator/xds/proto/type-urls.ts';
import { encodeDeltaRequest } from '../support/envoy/discovery-client.ts';
import { scan, type Pieces, type Scanned } from './discovery-scan.ts';
import { Ledger } from './ledger.ts';
import { monotonicMs, type ClientCommand, type ClientOptions, type Collected } from './protocol.ts';
import { RawStream } from './raw-stream.ts';
import { namespaceOf, podName, serviceName } from './synthetic-mesh.ts';

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const options = JSON.parse(process.argv[2] ?? '{}') as ClientOptions;
/** Only where a reconnect follows: it costs the client memory. */
const keepVersions = process.argv[3] === 'keep-versions';
const contexts = new Map<string, ReturnType<typeof createSecureContext>>();

const ledger = new Ledger();
let refusedType: string | null = null;
let connectedAtMs = 0;
/** Cluster names are the same for all: read once. */
let clusters: readonly string[] = [];
/** One copy of each name and version. */
const strings = new Map<string, string>();
/** A small message is looked into: which services does it bring? */
const smallBytes = 256 * 1024;

type Held = Map<string, Map<string, string>>;

class Proxy {
  isComplete = false;
  completeAtMs = 0;
  readonly index: number;
  private stream: RawStream | null = null;
  private readonly asked = new Set<string>();
  /** What an Envoy would tell a new stream it has: name → version, by type. */
  private readonly held: Held = new Map();
  /** The same, encoded for the reconnect. */
  private prepared = new Map<string, Uint8Array>();

  constructor(index: number) {
    this.index = index;
  }

  connect(): void {
    this.isComplete = false;
    this.asked.clear();
    const { tls, port } = options.ready;
    this.stream = new RawStream({
      port,
      path,
      tls:
        tls === null ? null : { secureContext: contextOf(this.index), checkServerIdentity: () => undefined },
      onMessage: (message) => this.onMessage(message),
    });
    // An Envoy that comes back asks for everything at once, and hears only of differences.
    for (const typeUrl of [url.cluster, ...this.prepared.keys()])
      if (!this.asked.has(typeUrl)) this.ask(typeUrl, []);
  }

  disconnect(): void {
    this.stream?.destroy();
  }

  pause(isPaused: boolean): void {
    if (isPaused) this.stream?.socket.pause();
    else this.stream?.socket.resume();
  }

  /** Encodes what the first requests of the next stream will be: not while the clock runs. */
  prepare(): void {
    this.prepared = new Map();
    for (const [typeUrl, held] of this.held) {
      const subscribe = typeUrl === url.endpoint ? clusters : (named.get(typeUrl) ?? []);
      // A message is its fields, one after the other.
      const versions = shuffled([...held], this.index).map(([name, version]) => versionField(name, version));
      this.prepared.set(typeUrl, Buffer.concat([this.request(typeUrl, subscribe), ...versions]));
    }
  }

  private request(typeUrl: string, subscribe: readonly string[]): Uint8Array {
    const node = typeUrl === url.cluster ? this.node() : null;
    return encodeDeltaRequest({ typeUrl, subscribe, node });
  }

  private node(): NonNullable<Parameters<typeof encodeDeltaRequest>[0]['node']> {
    const service = serviceOf(this.index);
    const pod = podName(service, this.index % options.endpoints);
    const id = `Pod~${namespaceOf(service)}~${pod}~${pod}`;
    return { id, cluster: 'bench', metadata: {}, userAgentVersion: '' };
  }

  private ask(typeUrl: string, subscribe: readonly string[]): void {
    this.asked.add(typeUrl);
    this.stream?.send(this.prepared.get(typeUrl) ?? this.firstRequest(typeUrl, subscribe));
  }

  private firstRequest(typeUrl: string, subscribe: readonly string[]): Uint8Array {
    if (typeUrl === url.cluster) return this.request(typeUrl, subscribe);
    // All but the first of a stream are the same for everybody.
    const known = firstRequests.get(typeUrl) ?? this.request(typeUrl, subscribe);
    firstRequests.set(typeUrl, known);
    return known;
  }

  private onMessage(message: Pieces): void {
    const atMs = monotonicMs();
    // All proxies see the same clusters: the first tells their names.
    const isSmall = message.length < smallBytes;
    const scanned = scan(message, clusters.length === 0 || keepVersions || isSmall);
    this.answer(scanned);
    ledger.note(this.index, atMs, scanned);
  }

  private answer(scanned: Scanned): void {
    const { typeUrl, nonce, names, versions } = scanned;
    if (keepVersions) this.keep(typeUrl, names, versions);
    const isRefused = typeUrl === refusedType && scanned.count > 0;
    const error = isRefused ? { code: 13, message: 'refused by the benchmark' } : null;
    // Envoy subscribes to the endpoints of new clusters before it acknowledges them.
    if (typeUrl === url.cluster && !this.asked.has(url.endpoint)) {
      if (clusters.length === 0)
        clusters = names.filter((name) => name.includes('/') && !name.startsWith('inbound')).toSorted();
      this.ask(url.endpoint, clusters);
      this.ask(url.secret, named.get(url.secret) ?? []);
    }
    this.stream?.send(
      error === null ? acknowledgement(typeUrl, nonce) : encodeDeltaRequest({ typeUrl, nonce, error }),
    );
    if (typeUrl === url.cluster && !this.asked.has(url.listener)) this.ask(url.listener, []);
    if (typeUrl === url.listener && !this.asked.has(url.route))
      this.ask(url.route, named.get(url.route) ?? []);
    if (typeUrl === url.route && !this.asked.has(url.virtualHost)) this.ask(url.virtualHost, []);
    if (typeUrl === url.virtualHost && !this.isComplete) {
      this.isComplete = true;
      this.completeAtMs = monotonicMs();
    }
  }

  private keep(typeUrl: string, names: readonly string[], versions: readonly string[]): void {
    const held = this.held.get(typeUrl) ?? new Map<string, string>();
    for (const [index, name] of names.entries()) held.set(intern(name), intern(versions[index] ?? ''));
    this.held.set(typeUrl, held);
  }
}

/** What is subscribed by name, besides the endpoints. */
const named: ReadonlyMap<string, readonly string[]> = new Map([
  [url.secret, ['trust']],
  [url.route, ['outbound', 'inbound/8080']],
]);
const firstRequests = new Map<string, Uint8Array>();

const acknowledgements = new Map<string, Uint8Array>();

/** The same for all proxies that got as many responses. */
function acknowledgement(typeUrl: string, nonce: string): Uint8Array {
  const key = `${nonce} ${typeUrl}`;
  let message = acknowledgements.get(key);
  if (message === undefined) acknowledgements.set(key, (message = encodeDeltaRequest({ typeUrl, nonce })));
  return message;
}

function serviceOf(proxy: number): number {
  return Math.floor(proxy / options.endpoints);
}

function contextOf(proxy: number): ReturnType<typeof createSecureContext> {
  const name = serviceName(serviceOf(proxy));
  const known = contexts.get(name);
  if (known !== undefined) return known;
  const { tls } = options.ready;
  const { cert, key } = tls?.certificates[name] ?? {};
  const context = createSecureContext({ ca: tls?.ca, cert, key });
  contexts.set(name, context);
  return context;
}

function intern(text: string): string {
  const known = strings.get(text);
  if (known !== undefined) return known;
  strings.set(text, text);
  return text;
}

const versionFields = new Map<string, Uint8Array>();

function versionField(name: string, version: string): Uint8Array {
  const key = `${version} ${name}`;
  let bytes = versionFields.get(key);
  if (bytes === undefined)
    versionFields.set(key, (bytes = encodeDeltaRequest({ initialVersions: new Map([[name, version]]) })));
  return bytes;
}

/** Envoy writes the map in the order of its hashes, another one in each process: here each starts at another entry, and steps. */
function shuffled<T>(entries: readonly T[], seed: number): readonly T[] {
  const prime = 104_729;
  return entries.map((entry, index) => entries[(seed + index * prime) % entries.length] ?? entry);
}

const proxies = Array.from({ length: options.proxies }, (_, index) => new Proxy(index));

function collect(): Collected {
  const complete = proxies.filter((proxy) => proxy.isComplete);
  const isAll = complete.length === proxies.length;
  const completeAtMs = isAll ? complete.reduce((last, it) => Math.max(last, it.completeAtMs), 0) : 0;
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1000;
  return { complete: complete.length, connectedAtMs, completeAtMs, cpuMs, ...ledger.counted() };
}

function onCommand(command: ClientCommand): void {
  switch (command.type) {
    case 'connect':
      connectedAtMs = monotonicMs();
      for (const proxy of proxies) proxy.connect();
      break;
    case 'reconnect':
      for (const proxy of proxies) proxy.prepare();
      connectedAtMs = monotonicMs();
      for (const proxy of proxies) proxy.disconnect();
      for (const proxy of proxies) proxy.connect();
      break;
    case 'mark':
      ledger.clear();
      break;
    case 'collect':
      process.send?.(collect());
      break;
    case 'delays':
      process.send?.(ledger.delays(command.sinceMs));
      break;
    case 'staleness':
      process.send?.(ledger.staleness(proxies.length, command.changes));
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
