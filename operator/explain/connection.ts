// Which listener takes a connection, and what it does with it.
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import type { Call } from './call.ts';
import { isInRange } from '../values/ip-address.ts';
import {
  flagIn,
  messageIn,
  messagesIn,
  numberIn,
  textIn,
  textsIn,
  typeOf,
  UnreadableError,
} from './fields.ts';
import { messagesOf, type ProxyConfig } from './proxy-config.ts';

export type Taken =
  /** Nobody listens there, and nothing is redirected. */
  | { readonly type: 'NoListener' }
  /** Bytes, unread. chooser: the filter that names a cluster in place of the proxy's; null: there is none. */
  | {
      readonly type: 'Tcp';
      readonly listener: string;
      readonly proxy: EnvoyMessage;
      readonly chooser: string | null;
    }
  /** manager: the HttpConnectionManager. */
  | { readonly type: 'Http'; readonly listener: string; readonly manager: EnvoyMessage };

/** @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener.proto */
export function takeConnection(config: ProxyConfig, call: Reached): Taken {
  const listeners = messagesOf(config.listeners).filter(
    (one) => textIn(one, 'traffic_direction') === 'OUTBOUND',
  );
  const listener =
    listeners.find((one) => listensAt(one, call.address, call.port)) ?? redirected(listeners, call.port);
  if (listener === undefined) return { type: 'NoListener' };
  const read = (isTls: boolean): Taken =>
    readChain(textIn(listener, 'name') ?? '', chosenChain(listener, call.address, isTls));
  if (call.isTls !== null) return read(call.isTls);
  // TLS, unless requests in plaintext are expected.
  const plain = read(false);
  return plain.type === 'Http' ? plain : read(true);
}

type Reached = Pick<Call, 'address' | 'port' | 'isTls'>;

/** Where traffic is redirected, it has what no other listener has the address of, and hands it over by its port. */
function redirected(listeners: readonly EnvoyMessage[], port: number): EnvoyMessage | undefined {
  const capture = listeners.find((one) => flagIn(one, 'use_original_dst'));
  return capture && (listeners.find((one) => listensAt(one, '0.0.0.0', port)) ?? capture);
}

function listensAt(listener: EnvoyMessage, address: string, port: number): boolean {
  const socket = messageIn(messageIn(listener, 'address') ?? {}, 'socket_address') ?? {};
  return textIn(socket, 'address') === address && numberIn(socket, 'port_value') === port;
}

function chosenChain(listener: EnvoyMessage, address: string, isTls: boolean): EnvoyMessage {
  const chains = messagesIn(listener, 'filter_chains');
  const matcher = messageIn(listener, 'filter_chain_matcher');
  const [only] = chains;
  if (matcher === null) {
    if (only === undefined || chains.length > 1) throw new UnreadableError('which filter chain is not clear');
    return only;
  }
  const name = chainName(matcher, address, isTls);
  const chosen = chains.find((chain) => textIn(chain, 'name') === name);
  if (chosen === undefined) throw new UnreadableError(`there is no filter chain ${name}`);
  return chosen;
}

/** By the ranges of a trie matcher, the narrowest that has the address. */
function chainName(matcher: EnvoyMessage, address: string, isTls: boolean): string {
  const tree = messageIn(matcher, 'matcher_tree') ?? {};
  const trie = messageIn(messageIn(tree, 'custom_match') ?? {}, 'typed_config') ?? {};
  const found = messagesIn(trie, 'range_matchers')
    .flatMap((entry) => messagesIn(entry, 'ranges').map((range) => ({ entry, range })))
    .map(({ entry, range }) => ({ entry, length: numberIn(range, 'prefix_len') ?? 0, range }))
    .filter(({ range, length }) => isInRange(address, textIn(range, 'address_prefix') ?? '', length))
    .toSorted((a, b) => b.length - a.length)[0];
  const onMatch =
    found === undefined ? messageIn(matcher, 'on_no_match') : messageIn(found.entry, 'on_match');
  const next = messageIn(onMatch ?? {}, 'matcher');
  return next === null ? nameOfChain(onMatch) : chainByProtocol(next, isTls);
}

/** By whether a TLS handshake begins. */
function chainByProtocol(matcher: EnvoyMessage, isTls: boolean): string {
  const tree = messageIn(matcher, 'matcher_tree') ?? {};
  const input = typeOf(messageIn(messageIn(tree, 'input') ?? {}, 'typed_config') ?? {});
  if (!input.endsWith('.TransportProtocolInput'))
    throw new UnreadableError(`explain does not know the input ${input}`);
  const map = messageIn(messageIn(tree, 'exact_match_map') ?? {}, 'map') ?? {};
  return nameOfChain(isTls ? messageIn(map, 'tls') : messageIn(matcher, 'on_no_match'));
}

function nameOfChain(onMatch: EnvoyMessage | null): string {
  const action = messageIn(messageIn(onMatch ?? {}, 'action') ?? {}, 'typed_config') ?? {};
  return textIn(action, 'value') ?? '';
}

const filters = {
  http: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  tcp: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
} as const;

/** The last filter of a chain is the one that does something with what comes. */
function readChain(listener: string, chain: EnvoyMessage): Taken {
  const last = messageIn(messagesIn(chain, 'filters').at(-1) ?? {}, 'typed_config') ?? {};
  switch (typeOf(last)) {
    case filters.http:
      return { type: 'Http', listener, manager: last };
    case filters.tcp:
      return { type: 'Tcp', listener, proxy: last, chooser: chooserOf(chain) };
    default:
      throw new UnreadableError(`explain does not know the filter ${typeOf(last)}`);
  }
}

/** Of a filter whose configuration comes by itself: its name. */
function chooserOf(chain: EnvoyMessage): string | null {
  const discovered = messagesIn(chain, 'filters').filter((one) =>
    textsIn(messageIn(one, 'config_discovery') ?? {}, 'type_urls').some((type) =>
      type.endsWith('.set_filter_state.v3.Config'),
    ),
  );
  if (discovered.length > 1) throw new UnreadableError('which filter chooses the cluster is not clear');
  return textIn(discovered[0] ?? {}, 'name');
}
