// A call as a user describes it (`--from shop/productpage --to reviews:9080 GET /reviews/1`) → the proxy that is asked, and the call
// as that proxy sees it.
import type { MeshIr, WorkloadIr } from '../ir/mesh-ir.ts';
import type { ServicePortIr } from '../ir/service.ts';
import { byText } from '../values/compare-text.ts';
import type { Call } from './call.ts';

export interface Question {
  /** `shop/productpage`: a workload, or the beginning of its name, or its service account. */
  readonly from: string;
  /** `reviews:9080`, `reviews.shop:9080`, `10.96.0.1:80`. Default port: 80. */
  readonly to: string;
  /** What the TLS client asks for in its handshake. Absent: the host of `to`, unless it is an address. */
  readonly sni?: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface Asked {
  readonly caller: WorkloadIr;
  /** Null: no service of the mesh is there. */
  readonly service: ServicePortIr | null;
  readonly call: Call;
}

/** There is no such call. The message says what to do. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
}

/** @throws QuestionError */
export function ask(ir: MeshIr, question: Question): Asked {
  const caller = findCaller(ir, question.from);
  const { host, port } = destination(question.to);
  const service = findService(ir, caller, host, port);
  const reached = service === null ? unknownPlace(host, port) : place(caller, service, host);
  return {
    caller,
    service,
    call: { ...reached, serverName: serverName(question, host), request: request(question) },
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

function findCaller({ workloads }: MeshIr, from: string): WorkloadIr {
  const [namespace = '', name = '', ...more] = from.split('/');
  if (name === '' || more.length > 0)
    throw new QuestionError(`--from ${from} is not a workload. Write it as namespace/name.`);
  const local = workloads
    .filter((workload) => workload.namespace === namespace)
    .toSorted(byText(({ key }) => key));
  const found =
    local.find((workload) => workload.name === name) ??
    local.find((workload) => workload.name.startsWith(`${name}-`)) ??
    local.find(({ identity }) => identity.serviceAccount === name);
  if (found !== undefined) return found;
  const names = local.slice(0, 5).map((workload) => `${namespace}/${workload.name}`);
  const known =
    names.length === 0 ? `No workload in namespace ${namespace} has one.` : `Try ${names.join(', ')}.`;
  throw new QuestionError(`Workload ${from} has no sidecar, or does not exist. ${known}`);
}

function destination(to: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits = '80'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(to) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535)
    throw new QuestionError(`--to ${to} is not a destination. Write it as host:port.`);
  return { host: host.toLowerCase().replace(/\.$/, ''), port };
}

/** By its address, or by its name as a resolver in the caller's namespace reads it. */
function findService(
  { services }: MeshIr,
  caller: WorkloadIr,
  host: string,
  port: number,
): ServicePortIr | null {
  const byAddress = services.find(
    (service) =>
      (service.port === port && service.addresses.includes(host)) ||
      service.directAddresses.some((direct) => direct.address === host && direct.port === port),
  );
  if (byAddress !== undefined) return byAddress;
  const [service = '', namespace = caller.namespace, ...rest] = host.split('.');
  if (rest.length > 0 && rest[0] !== 'svc') return null;
  const key = `${namespace}/${service}`;
  const found = services.find((one) => one.key === `${key}/${port}`);
  const ports = services.filter((one) => one.key.startsWith(`${key}/`)).map((one) => one.port);
  if (found === undefined && ports.length > 0)
    throw new QuestionError(`Service ${key} has no port ${port}. Its ports are ${ports.join(', ')}.`);
  if (found === undefined && !host.includes('.'))
    throw new QuestionError(
      `Service ${key} does not exist. Write another Service, a full host name or an address.`,
    );
  return found ?? null;
}

type Place = Pick<Call, 'address' | 'port'>;

/** Where the caller's application connects to. */
function place(caller: WorkloadIr, service: ServicePortIr, host: string): Place {
  if (!caller.intercepted) return bindingOf(caller, service);
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
