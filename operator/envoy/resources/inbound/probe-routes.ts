// What anybody may send who reaches the pod: no more than the kubelet does, and for no longer than it waits. A body, an upgrade, a
// name of a host or a header of another kind would each be a way to the application that no rule sees: `x-original-url: /admin` is the
// path for many of them.
import type { ProbeIr } from '../../../ir/inbound.ts';
import { duration } from '../../proto/well-known.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { complementRegex } from '../complement-regex.ts';
import { probeRouteName } from '../names.ts';
import { filtersOfRoute, wholeRequests } from '../placeholders.ts';
import { extension, type NamedExtension } from '../typed-config.ts';

/** Where there are no rules: passed on like any other request, and told from it in logs and counts. */
export function openProbeRoute(probe: ProbeIr, forward: EnvoyMessage): EnvoyMessage {
  return { ...forward, name: probeRouteName, match: matchOf(probe) };
}

/**
 * @param more what the route says besides
 * @param filters what the route says to other filters
 */
export function probeRoute(
  probe: ProbeIr,
  cluster: string,
  more: EnvoyMessage,
  filters: EnvoyMessage = {},
): EnvoyMessage {
  const { method, timeoutMs } = probe;
  const headers = headersOf(probe);
  return {
    name: probeRouteName,
    match: matchOf(probe),
    // The timeout of a route begins at the end of the request, which another client may never reach.
    route: {
      cluster,
      timeout: duration(timeoutMs),
      max_stream_duration: { max_stream_duration: duration(timeoutMs) },
    },
    ...more,
    typed_per_filter_config: {
      ...filters,
      // Not before, where filters of the virtual host may stand: Envoy would run both. The body last: it says how long the body is.
      ...filtersOfRoute('after_rbac', [
        onlyHeaders([...Object.keys(headers), ...passed[method]]),
        wholeRequests(maxBodyBytes[method]),
      ]),
    },
  };
}

function matchOf(probe: ProbeIr): EnvoyMessage {
  const { method, path } = probe;
  return {
    path: withoutQuery(path),
    headers: [
      named(':method', { exact: method }),
      // With the query, which `path` leaves out.
      named(':path', { exact: path }),
      { name: 'upgrade', present_match: false },
      ...Object.entries(headersOf(probe)).map(([name, match]) =>
        match === null ? absent(name) : named(name, match),
      ),
    ],
  };
}

/** One byte is the least that Envoy takes. A gRPC health check names a service in at most a few hundred. */
const maxBodyBytes = { GET: 1, POST: 1024 } as const;

/** A header and its value; null: it is not there. */
type Expected = Readonly<Record<string, EnvoyMessage | null>>;

/** As Go writes the address of a pod. */
const address = { safe_regex: { regex: String.raw`([0-9.]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?` } };
const kubelet = {
  safe_regex: { regex: 'kube-probe/[-+.0-9A-Za-z]{1,32}( grpc-go/[-+.0-9A-Za-z]{1,32})?' },
};

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/probe/http/request.go and pkg/probe/grpc/grpc.go */
const ofEveryKubelet: Readonly<Record<ProbeIr['method'], Expected>> = {
  GET: { 'user-agent': kubelet, accept: { exact: '*/*' } },
  POST: { 'user-agent': kubelet, 'content-type': { prefix: 'application/grpc' } },
};

/** Whatever they say. */
const passed = { GET: [], POST: ['te', 'grpc-timeout'] } as const;

function headersOf({ method, host, headers }: ProbeIr): Expected {
  const expected: Record<string, EnvoyMessage | null> = {
    ':authority': host === null ? address : { exact: host },
    ...ofEveryKubelet[method],
  };
  for (const [name, value] of Object.entries(headers)) {
    // This is how a pod asks for probes without a header of the kubelet's own.
    const isLeftOut = value === '' && Object.hasOwn(ofEveryKubelet[method], name);
    expected[name] = isLeftOut ? null : { exact: value };
  }
  return expected;
}

/** Removed and not refused: a kubelet may come to send others. */
function onlyHeaders(names: readonly string[]): NamedExtension {
  const tails = [{ rest: ':', open: true }, ...names.map((rest) => ({ rest, open: false }))];
  return extension(
    'envoy.filters.http.header_mutation',
    'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
    {
      mutations: {
        request_mutations: [
          { remove_on_match: { key_matcher: { safe_regex: { regex: complementRegex(tails) } } } },
        ],
      },
    },
  );
}

function named(name: string, match: EnvoyMessage): EnvoyMessage {
  return { name, string_match: match };
}

function absent(name: string): EnvoyMessage {
  return { name, present_match: false };
}

function withoutQuery(path: string): string {
  return path.split('?', 1)[0] ?? path;
}
