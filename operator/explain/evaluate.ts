// One call through the configuration of the caller's proxy. Pure. It reads what Envoy reads, and nothing else: what it says is what
// Envoy does (test/integration/explain.test.ts compares them).
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { actionOf, faultOf, headerChangesOf } from './action.ts';
import { backendOf, withShares } from './backends.ts';
import type { Call } from './call.ts';
import { chosenClusters } from './cluster-choice.ts';
import { corsOf } from './cors.ts';
import { takeConnection, type Taken } from './connection.ts';
import type { Explanation, HttpOutcome, Outcome } from './explanation.ts';
import { messageIn, textIn, UnreadableError } from './fields.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { findHost, findRoute } from './route.ts';

/** @throws UnreadableError if the configuration says something that is not understood here */
export function evaluate(config: ProxyConfig, call: Call): Explanation {
  const taken = takeConnection(config, call);
  if (taken.type === 'NoListener') return { listener: null, outcome: { type: 'Closed' } };
  const outcome = taken.type === 'Tcp' ? tcpOutcome(config, taken, call) : httpOutcome(config, taken, call);
  return { listener: taken.listener, outcome };
}

function tcpOutcome(
  config: ProxyConfig,
  { proxy, chooser }: Extract<Taken, { type: 'Tcp' }>,
  { serverName }: Call,
): Outcome {
  const chosen = chooser === null ? null : chosenClusters(extensionOf(config, chooser), serverName ?? '');
  const shares = chosen ?? [{ cluster: textIn(proxy, 'cluster') ?? '', share: 1 }];
  const backends = shares.map(({ cluster, share }) => ({ ...backendOf(config, cluster), weight: share }));
  // A cluster that never has an endpoint ends what is sent to it.
  const isClosed = backends.every(
    ({ cluster, endpoints }) => endpoints?.length === 0 && !config.endpoints.has(cluster),
  );
  return isClosed ? { type: 'Closed' } : { type: 'Tcp', backends: withShares(backends) };
}

function extensionOf({ extensions }: ProxyConfig, name: string): EnvoyMessage {
  const configuration = messageIn(extensions.get(name)?.message ?? {}, 'typed_config');
  if (configuration === null) throw new UnreadableError(`nothing says what the filter ${name} does`);
  return configuration;
}

function httpOutcome(
  config: ProxyConfig,
  { manager }: Extract<Taken, { type: 'Http' }>,
  call: Call,
): HttpOutcome {
  const host = findHost(config, manager, call);
  const route = findRoute(config, host, call);
  const shared = { type: 'Http', virtualHost: host.name, origins: host.origins } as const;
  if (route === null) {
    const action = { type: 'Respond', status: 404, body: '' } as const;
    return {
      ...shared,
      route: null,
      action,
      fault: null,
      cors: null,
      requestHeaders: [],
      responseHeaders: [],
    };
  }
  const cors = corsOf(route, call.request);
  return {
    ...shared,
    cors,
    route: textIn(route, 'name') ?? '',
    action:
      cors?.isPreflight === true
        ? { type: 'Respond', status: 200, body: '' }
        : actionOf(config, route, call.request),
    fault: cors?.isPreflight === true ? null : faultOf(route, call.request),
    requestHeaders: headerChangesOf(route, 'request'),
    responseHeaders: headerChangesOf(route, 'response'),
  };
}
