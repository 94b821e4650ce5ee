// What a route does with a request.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routeaction
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { backendOf, weightedBackend, withShares } from './backends.ts';
import { hashKeysOf, sessionCookieOf } from './balancing.ts';
import { type CallRequest, headerOf } from './call.ts';
import type { Action, Fault, Forward, HeaderChange, Retry } from './explanation.ts';
import {
  flagIn,
  isMessage,
  knowingOnly,
  messageIn,
  messagesIn,
  millisecondsIn,
  numberIn,
  percentageIn,
  textIn,
  textsIn,
  typeOf,
  UnreadableError,
} from './fields.ts';
import { matchesHeader } from './matchers.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { redirectLocation, rewritten } from './rewrite.ts';

export function actionOf(config: ProxyConfig, route: EnvoyMessage, request: CallRequest): Action {
  const forward = messageIn(route, 'route');
  if (forward !== null && isRefusedUpgrade(forward, request))
    return { type: 'Respond', status: 403, body: '' };
  if (forward !== null)
    return { ...forwardOf(config, forward, request), sessionCookie: sessionCookieOf(route) };
  const redirect = messageIn(route, 'redirect');
  if (redirect !== null) return { type: 'Redirect', ...redirectLocation(redirect, request) };
  const response = messageIn(route, 'direct_response');
  if (response === null) throw new UnreadableError('explain does not know what the route does');
  const body = textIn(messageIn(response, 'body') ?? {}, 'inline_string') ?? '';
  return { type: 'Respond', status: numberIn(response, 'status') ?? 0, body };
}

/** What is read below, and metadata_match, which says that any of the endpoints will do. */
const forwardFields = [
  'cluster',
  'weighted_clusters',
  'timeout',
  'idle_timeout',
  'max_stream_duration',
  'retry_policy',
  'hedge_policy',
  'hash_policy',
  'metadata_match',
  'request_mirror_policies',
  'regex_rewrite',
  'host_rewrite_literal',
  'upgrade_configs',
] as const;

function forwardOf(
  config: ProxyConfig,
  action: EnvoyMessage,
  request: CallRequest,
): Omit<Forward, 'sessionCookie'> {
  knowingOnly(action, forwardFields);
  return {
    type: 'Forward',
    backends: backendsOf(config, action),
    timeoutMs: timeoutOf(action),
    idleTimeoutMs: millisecondsIn(action, 'idle_timeout'),
    retry: retryOf(action),
    ...rewritten(action, request),
    hashOn: hashKeysOf(action),
    mirrors: messagesIn(action, 'request_mirror_policies').map((policy) => ({
      cluster: ofCopies(textIn(policy, 'cluster') ?? ''),
      percentage: percentageIn(messageIn(policy, 'runtime_fraction') ?? {}, 'default_value'),
    })),
  };
}

/** Of the protocols to which a connection may switch, those that a route names are off. */
function isRefusedUpgrade(action: EnvoyMessage, request: CallRequest): boolean {
  const wanted = headerOf(request, 'upgrade')?.toLowerCase();
  return messagesIn(action, 'upgrade_configs').some(
    (config) =>
      knowingOnly(config, ['upgrade_type', 'enabled'])['enabled'] === false &&
      textIn(config, 'upgrade_type')?.toLowerCase() === wanted,
  );
}

/** The cluster with the same endpoints: see operator/envoy/resources/outbound/copies.ts. */
function ofCopies(cluster: string): string {
  return cluster.replace(/\/?\/copies$/, '');
}

/** The shorter of the two: see operator/envoy/resources/outbound/timeouts.ts. */
function timeoutOf(action: EnvoyMessage): number {
  const longest = messageIn(action, 'max_stream_duration') ?? {};
  const limits = [millisecondsIn(action, 'timeout'), millisecondsIn(longest, 'max_stream_duration')];
  const written = limits.filter((limit) => limit > 0);
  return written.length === 0 ? 0 : Math.min(...written);
}

function backendsOf(config: ProxyConfig, action: EnvoyMessage): Forward['backends'] {
  const cluster = textIn(action, 'cluster');
  if (cluster !== null) return withShares([{ ...backendOf(config, cluster), weight: 1 }]);
  const weighted = messagesIn(messageIn(action, 'weighted_clusters') ?? {}, 'clusters');
  if (weighted.length === 0) throw new UnreadableError('explain does not know where the route leads');
  return withShares(weighted.map((one) => weightedBackend(config, one)));
}

function retryOf(action: EnvoyMessage): Retry | null {
  const policy = messageIn(action, 'retry_policy');
  if (policy === null) return null;
  const codes = policy['retriable_status_codes'];
  const statuses = Array.isArray(codes) ? codes.map(String) : [];
  return {
    attempts: numberIn(policy, 'num_retries') ?? 1,
    perTryTimeoutMs: millisecondsIn(policy, 'per_try_timeout'),
    hedges: flagIn(messageIn(action, 'hedge_policy') ?? {}, 'hedge_on_per_try_timeout'),
    on: (textIn(policy, 'retry_on') ?? '')
      .split(',')
      .filter((one) => one !== 'retriable-headers')
      .flatMap((one) => (one === 'retriable-status-codes' ? statuses : [one])),
  };
}

const faultType = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

/** Null: none for this request. */
export function faultOf(route: EnvoyMessage, request: CallRequest): Fault | null {
  const configs = Object.values(messageIn(route, 'typed_per_filter_config') ?? {});
  const fault = configs.filter(isMessage).find((config) => typeOf(config) === faultType);
  if (fault === undefined) return null;
  if (!messagesIn(fault, 'headers').every((matcher) => matchesHeader(matcher, request))) return null;
  const delay = messageIn(fault, 'delay');
  const abort = messageIn(fault, 'abort');
  const bandwidth = messageIn(fault, 'response_rate_limit');
  const grpc = abort && numberIn(abort, 'grpc_status');
  return {
    delay: delay && {
      durationMs: millisecondsIn(delay, 'fixed_delay'),
      percentage: percentageIn(delay, 'percentage'),
    },
    bandwidth: bandwidth && {
      kibibytesPerSecond: numberIn(messageIn(bandwidth, 'fixed_limit') ?? {}, 'limit_kbps') ?? 0,
      percentage: percentageIn(bandwidth, 'percentage'),
    },
    abort: abort && {
      status: typeof grpc === 'number' ? `gRPC ${grpc}` : String(numberIn(abort, 'http_status') ?? 0),
      percentage: percentageIn(abort, 'percentage'),
    },
  };
}

/** In Envoy's order: what is removed goes first, so that it can be written anew. */
export function headerChangesOf(route: EnvoyMessage, of: 'request' | 'response'): readonly HeaderChange[] {
  const written = messagesIn(route, `${of}_headers_to_add`).map((option): HeaderChange => {
    knowingOnly(option, ['header', 'append_action']);
    const header = messageIn(option, 'header') ?? {};
    const isSet = textIn(option, 'append_action') === 'OVERWRITE_IF_EXISTS_OR_ADD';
    // Two per cent signs are one that is no command.
    const value = (textIn(header, 'value') ?? '').replaceAll('%%', '%');
    return { type: isSet ? 'Set' : 'Add', name: textIn(header, 'key') ?? '', value };
  });
  const removed = textsIn(route, `${of}_headers_to_remove`).map((name): HeaderChange => ({
    type: 'Remove',
    name,
    value: '',
  }));
  return [...removed, ...written];
}
