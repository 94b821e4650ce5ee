// N proxies in one process, and what the benchmark asks of them. Entry of a child process of main.ts.
import { createSecureContext, type SecureContext } from 'node:tls';
import { receiveOptions } from './child.ts';
import { Ledger } from './ledger.ts';
import { monotonicMs, type ClientCommand, type ClientOptions, type Collected } from './protocol.ts';
import { Proxy, type Fleet } from './proxy.ts';
import { namespaceOf, placeOf, podName, serviceName } from './synthetic-mesh.ts';

const options = await receiveOptions<ClientOptions>();
const ledger = new Ledger();
let connectedAtMs = 0;

const fleet: Fleet = {
  port: options.ready.port,
  isKeeping: false,
  refusedType: null,
  clusters: [],
  lost: 0,
  received: (proxy, atMs, scanned) => ledger.note(proxy, atMs, scanned),
};
const contexts = new Map<number, SecureContext | null>();
const proxies = Array.from({ length: options.proxies }, (_, index) => {
  const { service, endpoint } = placeOf(index, options);
  const pod = podName(service, endpoint);
  const uid = options.ready.podUids?.[pod] ?? pod;
  const nodeId = `Pod~${namespaceOf(service)}~${pod}~${uid}`;
  const secureContext = contexts.get(service) ?? contextOf(service);
  contexts.set(service, secureContext);
  return new Proxy(fleet, { index, nodeId, secureContext });
});

function contextOf(service: number): SecureContext | null {
  const { certificates } = options.ready;
  if (certificates === null) return null;
  const pair = certificates[serviceName(service)];
  if (pair === undefined) throw new Error(`there is no certificate for ${serviceName(service)}`);
  // An authority must be given, or Node takes all it knows; the server's certificate is not looked at.
  return createSecureContext({ ca: pair.cert, ...pair });
}

function collect(): Collected {
  const complete = proxies.filter((proxy) => proxy.isComplete);
  const isAll = complete.length === proxies.length;
  const completeAtMs = isAll ? complete.reduce((last, it) => Math.max(last, it.completeAtMs), 0) : 0;
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1000;
  const { lost } = fleet;
  return { complete: complete.length, connectedAtMs, completeAtMs, lost, cpuMs, ...ledger.counted() };
}

function reconnect(): void {
  connectedAtMs = monotonicMs();
  for (const proxy of proxies) proxy.disconnect();
  for (const proxy of proxies) proxy.connect();
}

function onCommand(command: ClientCommand): void {
  switch (command.type) {
    case 'connect':
      fleet.isKeeping = command.keep;
      for (const proxy of proxies) proxy.forget();
      reconnect();
      break;
    case 'prepare':
      fleet.isKeeping = false;
      for (const proxy of proxies) proxy.prepare();
      globalThis.gc?.();
      process.send?.({ prepared: true });
      break;
    case 'reconnect':
      reconnect();
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
    case 'stall':
      for (const proxy of proxies.slice(0, command.count)) proxy.stall();
      break;
    case 'resume':
      for (const proxy of proxies) proxy.resume();
      break;
    case 'refuse':
      fleet.refusedType = command.typeUrl;
      break;
  }
}

process.on('message', (command: ClientCommand) => onCommand(command));
process.send?.({ ready: true });
