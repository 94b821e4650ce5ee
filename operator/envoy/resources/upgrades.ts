// Upgrade tokens: the protocols to which a connection may switch. Envoy passes those that it is told of and answers 403 to all others, so
// that all others are taken out of requests on the way: a server may ignore the header, and answers as if it had.
// @see https://www.rfc-editor.org/rfc/rfc9110#section-7.8
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { complementRegex } from './complement-regex.ts';

/**
 * Of the registry of IANA, and of programs that many clusters have. In any letter case. Not among them: h2c, of which Envoy never
 * passes the switch.
 */
export const tokens = [
  'websocket',
  // exec, attach and port-forward of Kubernetes; attach and exec of Docker and Podman.
  'SPDY/3.1',
  'tcp',
  // RFC 9298, RFC 9484
  'connect-udp',
  'connect-ip',
  // Reverse HTTP; cameras; tunnels.
  'PTTH/1.0',
  'RTSP/1.0',
  'raw',
  'ssh',
  'yamux',
  'ts2021',
  'tailscale-control-protocol',
  'derp',
];

/** Fields of a connection manager. */
export const upgradeConfigs: readonly EnvoyMessage[] = tokens.map((token) => ({ upgrade_type: token }));

/** Fields of a route's action. Others than these get 403. @param allowed in lower case; null: all */
export function upgradesOfRoute(allowed: readonly string[] | null): EnvoyMessage {
  if (allowed === null) return {};
  const others = tokens.filter((token) => !allowed.includes(token.toLowerCase()));
  return { upgrade_configs: others.map((token) => ({ upgrade_type: token, enabled: false })) };
}

/** Of Http1ProtocolOptions: what is taken out of requests. */
export const ignoredUpgrades: readonly EnvoyMessage[] = [
  {
    safe_regex: {
      regex: `(?i)${complementRegex(tokens.map((token) => ({ rest: token.toLowerCase(), open: false })))}`,
    },
  },
];
