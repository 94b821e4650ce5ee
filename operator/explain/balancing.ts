// Who of the endpoints behind a cluster gets a request.
// @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/overview
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import type { Balancing } from './explanation.ts';
import {
  isMessage,
  knowingOnly,
  messageIn,
  messagesIn,
  millisecondsIn,
  textIn,
  typeOf,
  UnreadableError,
} from './fields.ts';

const algorithms: Readonly<Record<string, Balancing['type']>> = {
  LEAST_REQUEST: 'LeastRequest',
  ROUND_ROBIN: 'RoundRobin',
  RANDOM: 'Random',
  RING_HASH: 'RingHash',
  MAGLEV: 'Maglev',
};

/** Of a cluster whose endpoints are listed. */
export function balancingOf(cluster: EnvoyMessage): Balancing {
  const policy = textIn(cluster, 'lb_policy') ?? 'ROUND_ROBIN';
  const type = algorithms[policy];
  if (type === undefined) throw new UnreadableError(`explain does not know the load balancer ${policy}`);
  const config =
    messageIn(cluster, 'round_robin_lb_config') ?? messageIn(cluster, 'least_request_lb_config') ?? {};
  const slowStart = messageIn(knowingOnly(config, ['slow_start_config']), 'slow_start_config') ?? {};
  return {
    type,
    slowStartMs: millisecondsIn(slowStart, 'slow_start_window'),
    isChecked: messagesIn(cluster, 'health_checks').length > 0,
  };
}

/** What a route hashes, in order: `header x-user`. */
export function hashKeysOf(action: EnvoyMessage): readonly string[] {
  return messagesIn(action, 'hash_policy').map((policy) => {
    knowingOnly(policy, ['header', 'cookie', 'query_parameter', 'connection_properties', 'terminal']);
    const [header, cookie, parameter] = ['header', 'cookie', 'query_parameter'].map((field) =>
      messageIn(policy, field),
    );
    if (header) return `header ${textIn(header, 'header_name') ?? ''}`;
    if (cookie) return `cookie ${textIn(cookie, 'name') ?? ''}`;
    if (parameter) return `query parameter ${textIn(parameter, 'name') ?? ''}`;
    return 'source address';
  });
}

const sessionType = 'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute';

/** The cookie that names the endpoint of a session; null: none. */
export function sessionCookieOf(route: EnvoyMessage): string | null {
  const configs = Object.values(messageIn(route, 'typed_per_filter_config') ?? {});
  const session = configs.filter(isMessage).find((config) => typeOf(config) === sessionType);
  if (session === undefined) return null;
  const state = messageIn(messageIn(session, 'stateful_session') ?? {}, 'session_state') ?? {};
  return textIn(messageIn(messageIn(state, 'typed_config') ?? {}, 'cookie') ?? {}, 'name');
}
