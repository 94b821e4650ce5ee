// How the sidecar of a server takes a connection: which filter chain is for it, and whether its handshake succeeds.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { meshAlpn } from '../../envoy/resources/names.ts';
import { knowingOnly, messageIn, messagesIn, numberIn, textIn, textsIn, UnreadableError } from '../fields.ts';
import { matchesText } from '../matchers.ts';
import { messagesOf, type ProxyConfig } from '../proxy-config.ts';

export interface ServerConnection {
  readonly address: string;
  readonly port: number;
  /** The SPIFFE ID that the caller's certificate has; null: it comes in plaintext. */
  readonly identity: string | null;
}

/** Null: there is none, and the connection is closed. */
export function chainFor(config: ProxyConfig, connection: ServerConnection): EnvoyMessage | null {
  const listener = listenerFor(config, connection);
  const chains = messagesIn(listener ?? {}, 'filter_chains');
  const ofPort = chains.filter((chain) => portOf(chain) === connection.port);
  // The narrowest is decided first: chains of any port are for those ports only that no chain names.
  const candidates = ofPort.length > 0 ? ofPort : chains.filter((chain) => portOf(chain) === null);
  const [protocol, alpn] = connection.identity === null ? ['raw_buffer', null] : ['tls', meshAlpn];
  return (
    candidates.find((chain) => takes(chain, protocol, alpn)) ??
    candidates.find((chain) => takes(chain, protocol, null)) ??
    candidates.find((chain) => takes(chain, null, null)) ??
    null
  );
}

/** Null: whatever it is. */
function takes(chain: EnvoyMessage, transport: string | null, application: string | null): boolean {
  const match = matchOf(chain);
  const [named = null, ...more] = textsIn(match, 'application_protocols');
  if (more.length > 0)
    throw new UnreadableError('explain knows one application protocol for each filter chain');
  return textIn(match, 'transport_protocol') === transport && named === application;
}

function listenerFor({ listeners }: ProxyConfig, at: ServerConnection): EnvoyMessage | undefined {
  const inbound = messagesOf(listeners).filter((one) => textIn(one, 'traffic_direction') === 'INBOUND');
  return inbound.find((one) => listensAt(one, at)) ?? inbound.find(({ name }) => name === 'inbound');
}

function listensAt(listener: EnvoyMessage, { address, port }: ServerConnection): boolean {
  const socket = messageIn(messageIn(listener, 'address') ?? {}, 'socket_address') ?? {};
  const bound = textIn(socket, 'address');
  return numberIn(socket, 'port_value') === port && (bound === address || bound === '0.0.0.0');
}

function matchOf(chain: EnvoyMessage): EnvoyMessage {
  return knowingOnly(messageIn(chain, 'filter_chain_match') ?? {}, [
    'destination_port',
    'transport_protocol',
    'application_protocols',
  ]);
}

function portOf(chain: EnvoyMessage): number | null {
  return numberIn(matchOf(chain), 'destination_port');
}

/** Whether the handshake of the caller succeeds: whose names are believed. True in plaintext. */
export function isBelieved(config: ProxyConfig, chain: EnvoyMessage, identity: string | null): boolean {
  const socket = messageIn(messageIn(chain, 'transport_socket') ?? {}, 'typed_config');
  if (socket === null || identity === null) return true;
  const names = believedNames(config, messageIn(socket, 'common_tls_context') ?? {});
  return names.length === 0 || names.some((matcher) => matchesText(matcher, identity));
}

/** Empty: every identity of the mesh. */
function believedNames({ secrets }: ProxyConfig, tls: EnvoyMessage): readonly EnvoyMessage[] {
  knowingOnly(tls, [
    'tls_params',
    'tls_certificate_sds_secret_configs',
    'validation_context_sds_secret_config',
    'combined_validation_context',
  ]);
  const combined = messageIn(tls, 'combined_validation_context');
  if (combined !== null) return namesIn(messageIn(combined, 'default_validation_context') ?? {});
  const name = textIn(messageIn(tls, 'validation_context_sds_secret_config') ?? {}, 'name') ?? '';
  const secret = secrets.get(name)?.message;
  if (secret === undefined) throw new UnreadableError(`nothing says whom ${name} believes`);
  return namesIn(messageIn(secret, 'validation_context') ?? {});
}

function namesIn(context: EnvoyMessage): readonly EnvoyMessage[] {
  knowingOnly(context, ['trusted_ca', 'crl', 'match_typed_subject_alt_names']);
  return messagesIn(context, 'match_typed_subject_alt_names').map((one) => {
    knowingOnly(one, ['san_type', 'matcher']);
    if (textIn(one, 'san_type') !== 'URI')
      throw new UnreadableError('explain knows names that are URIs only');
    return messageIn(one, 'matcher') ?? {};
  });
}
