// A call as a user describes it (`--from shop/productpage --to reviews:9080 GET /reviews/1`) → the proxy that is asked, and the call
// as that proxy sees it.
import type { MeshIr, WorkloadIr } from '../ir/mesh-ir.ts';
import type { ServicePortIr } from '../ir/service.ts';
import { byText } from '../values/compare-text.ts';
import { ipVersion } from '../values/ip-address.ts';
import type { GivenToken } from './access/token.ts';
import type { Call } from './call.ts';

export interface Question {
  /** `shop/productpage`: a workload, or the beginning of its name, or its service account. `192.0.2.7`: whoever has that address. */
  readonly from: string;
  /** `reviews:9080`, `reviews.shop:9080`, `10.96.0.1:80`. Default port: 80. */
  readonly to: string;
  /** What the TLS client asks for in its handshake. Absent: the host of `to`, unless it is an address. */
  readonly sni?: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Absent: only what the headers, cookies and parameters of the request have. */
  readonly token?: GivenToken;
}

export interface Asked {
  /** Null: it has no sidecar. */
  readonly caller: WorkloadIr | null;
  /** `Pod/shop/productpage-1`, or an address. */
  readonly name: string;
  /** The addresses that it may call from. */
  readonly addresses: readonly string[];
  /** Null: no service of the mesh is there. */
  readonly service: ServicePortIr | null;
  readonly call: Call;
}

/** Somebody without a sidecar. */
export interface Outsider {
  /** `Pod/shop/legacy-1` */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
}

/** There is no such call. The message says what to do. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
}

/** @throws QuestionError */
export function ask(ir: MeshIr, question: Question, outsiders: readonly Outsider[] = []): Asked {
  const { caller, namespace, ...who } = findCaller(ir, question.from, outsiders);
  const { host, port } = destination(question.to);
  const service = findService(ir, namespace, host, port);
  const reached = service === null ? unknownPlace(host, port) : place(caller, service, host);
  return {
    caller,
    ...who,
    service,
    call: {
      ...reached,
      serverName: serverName(question, host),
      isTls: question.sni === undefined ? null : true,
      request: request(question),
    },
  };
}

function serverName({ sni }: Question, host: string): string | null {
  if (sni !== undefined) return sni.toLowerCase();
  return isAddress(host) ? null : host;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}

function request({ method, path, headers, to }: Question): Call['request'] {
  const lower = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const host = lower.find(([name]) => name === 'host')?.[1];
  return { method, path, authority: host ?? to, headers: lower.filter(([name]) => name !== 'host') };
}

interface Found extends Pick<Asked, 'caller' | 'name' | 'addresses'> {
  /** In which short names of Services are read; null: in none. */
  readonly namespace: string | null;
}

function findCaller({ workloads }: MeshIr, from: string, outsiders: readonly Outsider[]): Found {
  if (ipVersion(from) !== 0) return { caller: null, namespace: null, name: from, addresses: [from] };
  const [namespace = '', name = '', ...more] = from.split('/');
  if (name === '' || more.length > 0)
    throw new QuestionError(
      `--from ${from} is not a workload. Write it as namespace/name, or as an address.`,
    );
  const local = workloads
    .filter((workload) => workload.namespace === namespace)
    .toSorted(byText(({ key }) => key));
  const found = named(local, name) ?? local.find(({ identity }) => identity.serviceAccount === name);
  if (found !== undefined) return { caller: found, namespace, name: found.key, addresses: found.addresses };
  const outsider = named(
    outsiders.filter((one) => one.namespace === namespace).toSorted(byText(({ key }) => key)),
    name,
  );
  if (outsider !== undefined)
    return { caller: null, namespace, name: outsider.key, addresses: outsider.addresses };
  const names = local.slice(0, 5).map((workload) => `${namespace}/${workload.name}`);
  const known =
    names.length === 0 ? `No workload in namespace ${namespace} has a sidecar.` : `Try ${names.join(', ')}.`;
  throw new QuestionError(`Workload ${from} does not exist. ${known}`);
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T | undefined {
  return all.find((one) => one.name === name) ?? all.find((one) => one.name.startsWith(`${name}-`));
}

function destination(to: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits = '80'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(to) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535)
    throw new QuestionError(`--to ${to} is not a destination. Write it as host:port.`);
  return { host: host.toLowerCase().replace(/\.$/, ''), port };
}

/** @param from the namespace of the caller; null: it has none */
function findService(
  { services }: MeshIr,
  from: string | null,
  host: string,
  port: number,
): ServicePortIr | null {
  const byAddress = services.find(
    (service) =>
      (service.port === port && service.addresses.includes(host)) ||
      service.directAddresses.some((direct) => direct.address === host && direct.port === port),
  );
  return byAddress ?? serviceByName(services, from, { host, port });
}

/** As a resolver in the caller's namespace reads it. */
function serviceByName(
  services: MeshIr['services'],
  from: string | null,
  { host, port }: ReturnType<typeof destination>,
): ServicePortIr | null {
  if (isAddress(host)) return null;
  const [service = '', namespace = from ?? '', ...rest] = host.split('.');
  if (namespace === '')
    throw new QuestionError(
      `--to ${host} has no namespace, and the caller none either. Write ${host}.<namespace>.`,
    );
  if (rest.length > 0 && rest[0] !== 'svc') return null;
  const key = `${namespace}/${service}`;
  const found = services.find((one) => one.key === `${key}/${port}`);
  if (found !== undefined) return found;
  const ports = services.filter((one) => one.key.startsWith(`${key}/`)).map((one) => one.port);
  if (ports.length > 0)
    throw new QuestionError(`Service ${key} has no port ${port}. Its ports are ${ports.join(', ')}.`);
  if (host.includes('.')) return null;
  throw new QuestionError(
    `Service ${key} does not exist. Write another Service, a full host name or an address.`,
  );
}

type Place = Pick<Call, 'address' | 'port'>;

/** Where the caller's application connects to. */
function place(caller: WorkloadIr | null, service: ServicePortIr, host: string): Place {
  if (caller?.intercepted === false) return bindingOf(caller, service);
  const direct =
    service.directAddresses.find(({ address }) => address === host) ?? service.directAddresses[0];
  if (service.headless && direct !== undefined) return direct;
  const address = service.addresses.find((one) => one === host) ?? service.addresses[0];
  if (address !== undefined) return { address, port: service.port };
  throw new QuestionError(`Service ${service.namespace}/${service.service} has no address yet.`);
}

function bindingOf(caller: WorkloadIr, service: ServicePortIr): Place {
  const binding = caller.bindings.find((one) => one.service === service.key);
  if (binding !== undefined) return binding;
  throw new QuestionError(
    `ExternalWorkload ${caller.namespace}/${caller.name} does not reach Service ${service.namespace}/${service.service} ` +
      `port ${service.port} through its sidecar. Add the Service to spec.outbound.`,
  );
}

/** Names outside the mesh have addresses that only DNS knows: any that belongs to nobody stands for them. */
function unknownPlace(host: string, port: number): Place {
  return { address: isAddress(host) ? host : '192.0.2.1', port };
}
