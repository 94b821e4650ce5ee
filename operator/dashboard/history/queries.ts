// What Prometheus is asked, as text. Names in the cluster may hold anything: they are quoted. Pure.
import type { Range, Span } from './range.ts';
import type { Matchers, Subject } from './subject.ts';

export const queryNames = ['requests', 'p50', 'p99', 'connections'] as const;
export type QueryName = (typeof queryNames)[number];

export type Queries = Readonly<Record<QueryName, string>>;

export function queriesOf({ matchers }: Subject, { window }: Range): Queries {
  const rate = (metric: string): string =>
    matchers.map((it) => `rate(${metric}{${selector(it)}}[${window}s])`).join(' or ');
  const durations = `sum by (le) (${rate('meshwright_request_duration_seconds_bucket')})`;
  return {
    requests: `sum by (response_class) (${rate('meshwright_requests_total')})`,
    p50: `histogram_quantile(0.5, ${durations})`,
    p99: `histogram_quantile(0.99, ${durations})`,
    connections: `sum(${rate('meshwright_tcp_connections_total')})`,
  };
}

function selector(matchers: Matchers): string {
  return Object.entries(matchers)
    .map(([label, value]) =>
      typeof value === 'string'
        ? `${label}=${quoted(value)}`
        : `${label}=~${quoted(value.map((it) => literal(it)).join('|'))}`,
    )
    .join(',');
}

/** @see https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** As a regular expression that matches it and nothing else. */
function literal(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
}

/** Of its API. @see https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries */
export function addressOf(
  base: string,
  query: string,
  { start, end, step, timeoutSeconds }: Span & Pick<Range, 'step'> & { readonly timeoutSeconds: number },
): URL {
  const address = new URL(`${base}/api/v1/query_range`);
  const parameters = { query, start, end, step, timeout: `${timeoutSeconds}s` };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, String(value));
  return address;
}
