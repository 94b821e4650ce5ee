// The redirection rules of a pod: which of its connections pass through the sidecar. Entry: interceptionRules.
// Pure: operator/intercept.ts loads them in the pod.

/** User and group the sidecar runs as. Its own connections are told apart by it. */
export const sidecarUser = 1337;

export interface InterceptionOptions {
  /** Ports of the pod that callers reach without the sidecar. */
  readonly excludeInboundPorts: readonly number[];
  /** Ports anywhere that the application reaches without the sidecar. */
  readonly excludeOutboundPorts: readonly number[];
  /** Networks of both families that the application reaches without the sidecar. */
  readonly excludeOutboundCidrs: readonly string[];
  /** Where the sidecar listens. readiness is its own: it is never redirected. */
  readonly ports: { readonly outbound: number; readonly inbound: number; readonly readiness: number };
}

export type IpFamily = 4 | 6;

export const inboundChain = 'MESHWRIGHT_INBOUND';
export const outboundChain = 'MESHWRIGHT_OUTBOUND';

/** What is the pod itself, and the source address of the sidecar's connections to the application. */
const own = {
  4: { loopback: '127.0.0.1/32', sidecarSource: '127.0.0.6/32' },
  6: { loopback: '::1/128', sidecarSource: '::1/128' },
} as const;

/** On the loopback interface nobody listens there; a connection that arrives at the sidecar's port was redirected. */
const probePort = 1;

/**
 * Input of iptables-restore --noflush (4) or ip6tables-restore --noflush (6): chains of our own, which a second load
 * replaces; the jumps to them are added by whoever loads them.
 */
export function interceptionRules(family: IpFamily, options: InterceptionOptions): string {
  return [
    '*nat',
    `:${inboundChain} - [0:0]`,
    `:${outboundChain} - [0:0]`,
    ...inboundRules(options),
    ...outboundRules(family, options),
    'COMMIT',
    '',
  ].join('\n');
}

function inboundRules({ excludeInboundPorts, ports }: InterceptionOptions): readonly string[] {
  return [
    ...numbers([ports.readiness, ...excludeInboundPorts]).map((port) => inboundExclusion(String(port))),
    inbound(`-j REDIRECT --to-ports ${ports.inbound}`),
  ];
}

/** In this order: each line relies on what those before it have taken out. */
function outboundRules(family: IpFamily, options: InterceptionOptions): readonly string[] {
  const { loopback, sidecarSource } = own[family];
  const notSelf = `-o lo ! -d ${loopback} -p tcp -m owner`;
  return [
    // For the self-test of operator/intercept.ts, which may not depend on routes or on what is excluded.
    outbound(`-d ${loopback} -p tcp --dport ${probePort} -j REDIRECT --to-ports ${options.ports.outbound}`),
    // Sidecar to application.
    outbound(`-s ${sidecarSource} -o lo -j RETURN`),
    // The application called a Service whose endpoint is this pod: its sidecar is the server as well.
    outbound(`${notSelf} --uid-owner ${sidecarUser} -j REDIRECT --to-ports ${options.ports.inbound}`),
    // The application calls its own pod address: without this, Strict would refuse it.
    outbound(`-o lo -m owner ! --uid-owner ${sidecarUser} -j RETURN`),
    // What the sidecar sends to the world.
    outbound(`-m owner --uid-owner ${sidecarUser} -j RETURN`),
    outbound(`-m owner --gid-owner ${sidecarUser} -j RETURN`),
    outbound(`-d ${loopback} -j RETURN`),
    ...cidrs(family, options.excludeOutboundCidrs).map(outboundExclusion.cidr),
    ...numbers(options.excludeOutboundPorts).map((port) => outboundExclusion.port(String(port))),
    outbound(`-p tcp -j REDIRECT --to-ports ${options.ports.outbound}`),
  ];
}

/** The rule for a port that is not redirected. */
export function inboundExclusion(port: string): string {
  return inbound(`--dport ${port} -j RETURN`);
}

export const outboundExclusion = {
  cidr: (cidr: string): string => outbound(`-d ${cidr} -j RETURN`),
  port: (port: string): string => outbound(`-p tcp --dport ${port} -j RETURN`),
} as const;

function inbound(rule: string): string {
  return `-A ${inboundChain} -p tcp ${rule}`;
}

function outbound(rule: string): string {
  return `-A ${outboundChain} ${rule}`;
}

function numbers(ports: readonly number[]): readonly number[] {
  return [...new Set(ports)];
}

function cidrs(family: IpFamily, all: readonly string[]): readonly string[] {
  return [...new Set(all)].filter((cidr) => cidr.includes(':') === (family === 6));
}
