// Ends TCP connections that exist, by a runtime value. A filter's own rules are those of the time when the connection was made; a
// runtime value is what RTDS said last.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { extension, type NamedExtension } from './typed-config.ts';

/** In the logs of connections that were ended. */
export const noLongerAdmitted = 'no-longer-admitted';

/** A network filter that asks at each byte from the caller. `decision`: rules or a matcher, as Envoy's RBAC filter takes them. */
export function askedAtEachByte(statPrefix: string, decision: EnvoyMessage): NamedExtension {
  return extension('envoy.filters.network.rbac', 'envoy.extensions.filters.network.rbac.v3.RBAC', {
    stat_prefix: `${statPrefix}.`,
    enforcement_type: 'CONTINUOUS',
    ...decision,
  });
}

/** Admits as many percent as the key says, and all before it says anything. (The port is as good as any input: the key decides.) */
export function endsByRuntime(statPrefix: string, runtimeKey: string): NamedExtension {
  const fraction = { default_value: { numerator: 100 }, runtime_key: runtimeKey };
  const predicate = {
    single_predicate: {
      input: extension('port', 'envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput'),
      custom_match: extension(
        'runtime',
        'envoy.extensions.matching.input_matchers.runtime_fraction.v3.RuntimeFraction',
        { runtime_fraction: fraction },
      ),
    },
  };
  return askedAtEachByte(statPrefix, {
    matcher: {
      matcher_list: { matchers: [{ predicate, on_match: decide('admitted', 'ALLOW') }] },
      on_no_match: decide(noLongerAdmitted, 'DENY'),
    },
  });
}

function decide(name: string, action: 'ALLOW' | 'DENY'): EnvoyMessage {
  return { action: extension(name, 'envoy.config.rbac.v3.Action', { name, action }) };
}
