// What was seen of calls, from the page /debug/traffic of the operator or from access logs of sidecars. Pure.
import { z } from 'zod';

/** Calls of one caller to one port of a workload. */
export interface Seen {
  /** `Pod/shop/reviews-1`; null: only its address is known. */
  readonly workload: string | null;
  /** IP address of the workload; null: its key is known. */
  readonly address: string | null;
  readonly port: number;
  /** A SPIFFE ID; an IP address, or words, of who has none. */
  readonly caller: string;
  /** Requests, or TCP connections. */
  readonly count: number;
  /** null: not known, or a TCP connection. */
  readonly request: { readonly method: string; readonly path: string } | null;
  readonly isTcp: boolean;
}

export interface Observed {
  /** ISO 8601; null: not known. */
  readonly since: string | null;
  readonly until: string | null;
  readonly seen: readonly Seen[];
}

/** What is neither a SPIFFE ID nor an address is somebody's text, and could be YAML. */
function callerIn(text: string): string {
  const isKnown =
    /^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)+$/.test(text) ||
    /^[0-9A-Fa-f.:]+$|^other( addresses)?$/.test(text);
  return isKnown ? text : 'unknown';
}

const Traffic = z.object({
  since: z.string(),
  until: z.string(),
  edges: z.array(
    z.object({
      workload: z.string(),
      direction: z.enum(['inbound', 'outbound']),
      source: z.string().default(''),
      port: z.string().default(''),
      requests: z.record(z.string(), z.number()).default({}),
      connections: z.number().default(0),
    }),
  ),
});

/** @throws Error if the text is not what /debug/traffic answers */
export function readTraffic(text: string): Observed {
  const { since, until, edges } = Traffic.parse(JSON.parse(text));
  const seen = edges.flatMap((edge): Seen[] => {
    const { workload, direction, source, port, requests, connections } = edge;
    if (direction === 'outbound' || source === '') return [];
    // Who was refused is no reason to let anybody in.
    const served = Object.entries(requests).reduce(
      (sum, [code, count]) => sum + (code === '4xx' ? 0 : count),
      0,
    );
    const isTcp = connections > 0;
    const count = served + connections;
    if (count === 0 || portIn(port) === 0) return [];
    return [
      { workload, address: null, port: portIn(port), caller: callerIn(source), count, request: null, isTcp },
    ];
  });
  return { since, until, seen };
}

const Line = z.object({
  log: z.enum(['request', 'connection']),
  direction: z.literal('inbound'),
  start_time: z.string(),
  destination_address: z.string(),
  downstream_address: z.string(),
  peer: z.string().nullish(),
  method: z.string().optional(),
  path: z.string().optional(),
  response_code: z.number().optional(),
  route_name: z.string().nullish(),
});
type Line = z.infer<typeof Line>;

/** Lines of sidecars; all others are left out. */
export function readAccessLog(text: string): Observed {
  const lines = text.split('\n').flatMap((line) => lineOf(line) ?? []);
  const times = lines.map(({ start_time: time }) => time).toSorted();
  return {
    since: times[0] ?? null,
    until: times.at(-1) ?? null,
    seen: lines.flatMap((line) => seenIn(line) ?? []),
  };
}

function lineOf(text: string): Line | null {
  // In front of it there may be what kubectl logs --prefix says.
  const start = text.indexOf('{');
  if (start < 0) return null;
  try {
    return Line.safeParse(JSON.parse(text.slice(start))).data ?? null;
  } catch {
    return null;
  }
}

const refusals = [401, 403, 429];

function seenIn(line: Line): Seen | null {
  const { destination_address: to, downstream_address: from, peer, method, path, log } = line;
  if (portIn(to.slice(to.lastIndexOf(':') + 1)) === 0) return null;
  if (line.route_name === 'probe' || refusals.includes(line.response_code ?? 0)) return null;
  const isTcp = log === 'connection';
  const at = to.lastIndexOf(':');
  return {
    workload: null,
    address: to.slice(0, at).replaceAll(/[[\]]/g, ''),
    port: portIn(to.slice(at + 1)),
    caller: callerIn(peer === undefined || peer === null || peer === '-' ? hostOf(from) : peer),
    count: 1,
    request: isTcp || method === undefined || path === undefined ? null : { method, path },
    isTcp,
  };
}

/** 0: none, or one of more than were told apart. */
function portIn(text: string): number {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replaceAll(/[[\]]/g, '');
}
