// Ends TCP connections that exist, by a runtime value. A filter's own rules are those of the time when the connection was made; a
// runtime value is what RTDS said last.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { extension, type NamedExtension } from './typed-config.ts';

/** In the logs of connections that were ended. */
export const noLongerAdmitted = 'no-longer-admitted';

export const admissionType = 'envoy.extensions.filters.network.rbac.v3.RBAC';

/** A network filter that asks at each byte from the caller. `decision`: rules or a matcher, as Envoy's RBAC filter takes them. */
export function askedAtEachByte(statPrefix: string, decision: EnvoyMessage): NamedExtension {
  return extension('envoy.filters.network.rbac', admissionType, {
    stat_prefix: `${statPrefix}.`,
    enforcement_type: 'CONTINUOUS',
    ...decision,
  });
}

/** Admits as many percent as the key says, and all before it says anything. */
export function endsByRuntime(statPrefix: string, runtimeKey: string): NamedExtension {
  const predicate = { single_predicate: admitted(runtimeKey, 100) };
  return askedAtEachByte(statPrefix, {
    matcher: {
      matcher_list: { matchers: [{ predicate, on_match: decide('admitted', 'ALLOW') }] },
      on_no_match: decide(noLongerAdmitted, 'DENY'),
    },
  });
}

/** Holds for as many percent as the key says; without a value for as many as `otherwise`. (The port is as good as any input: the key decides.) */
export function admitted(runtimeKey: string, otherwise: 0 | 100): EnvoyMessage {
  return {
    input: extension('port', 'envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput'),
    custom_match: extension(
      'runtime',
      'envoy.extensions.matching.input_matchers.runtime_fraction.v3.RuntimeFraction',
      { runtime_fraction: fraction(runtimeKey, otherwise) },
    ),
  };
}

/** As matchers of connections and of routes take it. */
export function fraction(runtimeKey: string, otherwise: 0 | 100): EnvoyMessage {
  return { default_value: { numerator: otherwise }, runtime_key: runtimeKey };
}

export function decide(name: string, action: 'ALLOW' | 'DENY'): EnvoyMessage {
  return { action: extension(name, 'envoy.config.rbac.v3.Action', { name, action }) };
}
