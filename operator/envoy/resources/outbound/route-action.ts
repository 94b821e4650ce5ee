// What a route does with a request that matches it.
import type {
  BackendIr,
  EndpointsRefIr,
  MirrorIr,
  ForwardIr,
  RespondIr,
  RouteActionIr,
  RouteIr,
  RouteMatchIr,
} from '../../../ir/service.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { clusterName } from '../names.ts';
import { upgradesOfRoute } from '../upgrades.ts';
import { copiesClusterName } from './copies.ts';
import { fraction } from './fraction.ts';
import { hashPolicy } from './load-balancer.ts';
import { hedging, maxRepeatedBodyBytes, retryPolicy } from './retry.ts';
import { redirection, rewriting } from './rewrite.ts';

/**
 * Fields of a route.
 * @param matched the path by which the request was found
 * @param timeouts fields of the action
 */
export function routeAction(
  route: RouteIr,
  matched: RouteMatchIr['path'],
  timeouts: EnvoyMessage,
): EnvoyMessage {
  const { action } = route;
  switch (action.type) {
    case 'Redirect':
      return redirection(action, matched);
    case 'Respond':
      return response(action);
    case 'Forward':
      return isServed(action) ? forwarding(route, action, { matched, timeouts }) : response(refusal(action));
  }
}

function forwarding(
  { retry, hashOn, upgrades }: RouteIr,
  { backends, rewrite, mirrors }: ForwardIr,
  { matched, timeouts }: { readonly matched: RouteMatchIr['path']; readonly timeouts: EnvoyMessage },
): EnvoyMessage {
  const policy = retryPolicy(retry);
  return {
    route: {
      ...destination(backends.filter(isValid)),
      ...timeouts,
      ...(policy && { retry_policy: policy, ...hedging(retry) }),
      ...hashPolicy(hashOn),
      ...upgradesOfRoute(upgrades),
      ...rewriting(rewrite, matched),
      ...(mirrors.length > 0 && { request_mirror_policies: mirrors.map(mirroring) }),
    },
    ...(policy && { request_body_buffer_limit: maxRepeatedBodyBytes }),
  };
}

function mirroring(mirror: MirrorIr): EnvoyMessage {
  return {
    cluster: copiesClusterName(mirror.service, mirror.subset),
    runtime_fraction: { default_value: fraction(mirror.percentage) },
  };
}

function response({ status, body }: Pick<RespondIr, 'status' | 'body'>): EnvoyMessage {
  return { direct_response: { status, ...(body !== '' && { body: { inline_string: body } }) } };
}

type ValidBackend = Exclude<BackendIr, { readonly invalid: string }>;

function isValid(backend: BackendIr): backend is ValidBackend {
  return !('invalid' in backend);
}

/** Whether there is somewhere to forward to. */
export function isServed({ backends }: ForwardIr): boolean {
  return backends.some(isValid);
}

/** An answer that says why there is nowhere to forward to. */
function refusal({ backends }: ForwardIr): Pick<RespondIr, 'status' | 'body'> {
  const reasons = backends.flatMap((backend) => (isValid(backend) ? [] : [backend.invalid]));
  return { status: 503, body: [...new Set(reasons)].join(' ') };
}

function destination(backends: readonly ValidBackend[]): EnvoyMessage {
  const [first, ...others] = backends;
  if (first && others.length === 0) return { cluster: clusterOf(first) };
  const clusters = backends.map((backend) => ({ name: clusterOf(backend), weight: backend.weight }));
  return { weighted_clusters: { clusters } };
}

/** The clusters to which it sends requests. */
export function targets(action: RouteActionIr): readonly string[] {
  if (action.type !== 'Forward') return [];
  return [
    ...action.backends.filter(isValid).map(clusterOf),
    ...action.mirrors.map(({ service, subset }) => copiesClusterName(service, subset)),
  ];
}

function clusterOf({ service, subset }: EndpointsRefIr): string {
  return clusterName(service, subset);
}
