// A connection of which only bytes are seen through the network filters of the server.
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { refusedPeers, admissionNamespace } from '../../envoy/resources/inbound/tcp-admission.ts';
import { blackholeCluster } from '../../envoy/resources/names.ts';
import { isSameValue } from '../../values/same-value.ts';
import {
  isMessage,
  knowingOnly,
  messageIn,
  messagesIn,
  numberIn,
  textIn,
  textsIn,
  typeOf,
  UnreadableError,
} from '../fields.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import type { RefusedBy } from './access.ts';

const network = 'envoy.extensions.filters.network';

/**
 * Who refuses it; null: nobody.
 * @param identity of the caller by mutual TLS; null: plaintext
 */
export function refusedBytes(
  config: ProxyConfig,
  chain: EnvoyMessage,
  identity: string | null,
): RefusedBy | null {
  const filters = messagesIn(chain, 'filters').map((filter) => messageIn(filter, 'typed_config') ?? {});
  const cluster = textIn(filters.at(-1) ?? {}, 'cluster') ?? '';
  for (const filter of filters) {
    switch (typeOf(filter)) {
      case `${network}.rbac.v3.RBAC`: {
        knowingOnly(filter, ['@type', 'stat_prefix', 'enforcement_type', 'rules', 'matcher']);
        const matcher = messageIn(filter, 'matcher');
        if (matcher !== null && !isAdmitted(matcher, config)) return 'Identity';
        const rules = messageIn(filter, 'rules');
        if (rules !== null && isRefused(rules, config, { cluster, identity })) return 'Allow';
        break;
      }
      case `${network}.tcp_proxy.v3.TcpProxy`:
        if (cluster === blackholeCluster) return 'Allow';
        break;
      default:
        throw new UnreadableError(`explain does not know the filter ${typeOf(filter)}`);
    }
  }
  return null;
}

/** By a runtime value: see operator/envoy/resources/runtime-admission.ts. */
function isAdmitted(matcher: EnvoyMessage, config: ProxyConfig): boolean {
  const list = messageIn(knowingOnly(matcher, ['matcher_list', 'on_no_match']), 'matcher_list') ?? {};
  const [entry = {}, ...more] = messagesIn(list, 'matchers');
  if (more.length > 0) throw new UnreadableError('explain knows one matcher of connections');
  const predicate = messageIn(messageIn(entry, 'predicate') ?? {}, 'single_predicate') ?? {};
  const custom = messageIn(messageIn(predicate, 'custom_match') ?? {}, 'typed_config') ?? {};
  const percent = percentOf(messageIn(custom, 'runtime_fraction') ?? {}, config);
  return actionOf(percent === 100 ? messageIn(entry, 'on_match') : messageIn(matcher, 'on_no_match'));
}

function percentOf(fraction: EnvoyMessage, { runtime }: ProxyConfig): 0 | 100 {
  const key = textIn(fraction, 'runtime_key') ?? '';
  const said = [...runtime.values()].map(({ message }) => numberIn(messageIn(message, 'layer') ?? {}, key));
  const otherwise = numberIn(messageIn(fraction, 'default_value') ?? {}, 'numerator');
  const percent = said.find((value) => value !== null) ?? otherwise;
  if (percent === 0 || percent === 100) return percent;
  throw new UnreadableError('explain does not know what share of connections is admitted');
}

function actionOf(onMatch: EnvoyMessage | null): boolean {
  const action = messageIn(messageIn(onMatch ?? {}, 'action') ?? {}, 'typed_config') ?? {};
  return textIn(action, 'action') === 'ALLOW';
}

/** By the metadata of the endpoint to which they go: see operator/envoy/resources/inbound/tcp-admission.ts. */
function isRefused(
  rules: EnvoyMessage,
  { endpoints }: ProxyConfig,
  { cluster, identity }: { readonly cluster: string; readonly identity: string | null },
): boolean {
  const policies = Object.values(messageIn(knowingOnly(rules, ['action', 'policies']), 'policies') ?? {});
  const areKnown = policies.every((policy) => isSameValue(policy, refusedPeers));
  if (textIn(rules, 'action') !== 'DENY' || !areKnown)
    throw new UnreadableError('explain does not know the rules of connections');
  const [group] = messagesIn(endpoints.get(cluster)?.message ?? {}, 'endpoints');
  const [endpoint] = messagesIn(group ?? {}, 'lb_endpoints');
  const metadata = messageIn(messageIn(endpoint ?? {}, 'metadata') ?? {}, 'filter_metadata') ?? {};
  const admission = metadata[admissionNamespace];
  if (!isMessage(admission)) throw new UnreadableError(`nothing says who is admitted to ${cluster}`);
  const isListed = identity !== null && textsIn(admission, 'peers').includes(identity);
  return isListed === (textIn(admission, 'peers_are') === 'refused');
}
