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
} from '../../../ir/route.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { setHeader } from '../header.ts';
import { clusterName, refusedHeader, unresolvedCluster } from '../names.ts';
import { upgradesOfRoute } from '../upgrades.ts';
import { copiesClusterName } from './copies.ts';
import { fraction } from './fraction.ts';
import { hashPolicy } from './load-balancer.ts';
import { hedging, maxRepeatedBodyBytes, retryPolicy } from './retry.ts';
import { redirection, rewriting } from './rewrite.ts';

export interface RouteContext {
  /** The path by which the request was found. */
  readonly matched: RouteMatchIr['path'];
  /** Fields of the action. */
  readonly timeouts: EnvoyMessage;
  /** Key of the service port that the caller asked for. */
  readonly service: string;
}

/** Fields of a route. */
export function routeAction(route: RouteIr, context: RouteContext): EnvoyMessage {
  const { action } = route;
  const { matched } = context;
  switch (action.type) {
    case 'Redirect':
      return redirection(action, matched);
    case 'Respond':
      return response(action);
    case 'Forward':
      return isServed(action) ? forwarding(route, action, context) : response(refusal(action));
  }
}

function forwarding(
  { retry, hashOn, upgrades }: RouteIr,
  { backends, rewrite, mirrors }: ForwardIr,
  { matched, timeouts, service }: RouteContext,
): EnvoyMessage {
  const policy = retryPolicy(retry);
  return {
    route: {
      ...destination(backends, service),
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

function destination(backends: readonly BackendIr[], service: string): EnvoyMessage {
  const [first, ...others] = backends;
  if (first !== undefined && isValid(first) && others.length === 0)
    return { cluster: clusterOf(first), ...chosenAnew(first, service) };
  return { weighted_clusters: { clusters: backends.map((backend) => weighted(backend, service)) } };
}

function weighted(backend: BackendIr, service: string): EnvoyMessage {
  const { weight } = backend;
  if (isValid(backend)) return { name: clusterOf(backend), weight, ...chosenAnew(backend, service) };
  // Envoy answers 503, with the flag NC in the access log, and the header.
  return {
    name: unresolvedCluster,
    weight,
    response_headers_to_add: [setHeader(refusedHeader, backend.invalid)],
  };
}

/**
 * The endpoint of a headless service that the caller addressed is none of another service's: with a key that no endpoint has,
 * Envoy takes any of them.
 */
function chosenAnew(backend: EndpointsRefIr, service: string): EnvoyMessage {
  if (backend.service === service) return {};
  return { metadata_match: { filter_metadata: { 'envoy.lb': { service: backend.service } } } };
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
