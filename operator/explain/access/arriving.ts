// A request on its way through the filters of the server's sidecar, with what they have found out about it.
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { afterMutations, afterScript, type Arrived } from '../arrived.ts';
import { type CallRequest, headerOf } from '../call.ts';
import { knowingOnly, messageIn, messagesIn } from '../fields.ts';

export interface Arriving extends Arrived {
  /** Of the connection; null: not known. */
  readonly address: string | null;
  /** What verified tokens say, by the id of the provider. */
  readonly payloads: ReadonlyMap<string, unknown>;
}

/** Written by sidecars on the way if the caller does not say them itself: there, with a value that explain cannot say. */
const writtenOnTheWay = ['x-request-id', 'x-forwarded-proto'];

/** @param caller the identity by mutual TLS; null: plaintext */
export function arriving(
  request: CallRequest,
  { caller, address }: Pick<Arriving, 'caller' | 'address'>,
): Arriving {
  // Whatever the caller says there, the sidecar writes it anew, or nothing.
  const headers = request.headers.filter(([name]) => name !== 'x-forwarded-client-cert');
  const written = writtenOnTheWay.filter((name) => headerOf(request, name) === null);
  return {
    request: { ...request, headers },
    caller,
    address,
    unknown: new Set(caller === null ? written : [...written, 'x-forwarded-client-cert']),
    payloads: new Map(),
  };
}

/** manager: the HttpConnectionManager, which changes headers before a route is chosen. */
export function afterEarlyMutations(request: Arriving, manager: EnvoyMessage): Arriving {
  const early = messagesIn(manager, 'early_header_mutation_extensions').map((extension) =>
    knowingOnly(messageIn(extension, 'typed_config') ?? {}, ['@type', 'mutations']),
  );
  return early.reduce(
    (seen, { mutations = [] }) => afterHeaderMutation(seen, { mutations: { request_mutations: mutations } }),
    request,
  );
}

export function afterHeaderMutation(request: Arriving, filter: EnvoyMessage): Arriving {
  return { ...request, ...afterMutations(request, filter) };
}

/** @param config what the route says to the filter that runs scripts */
export function afterPathScript(request: Arriving, config: EnvoyMessage): Arriving {
  return { ...request, ...afterScript(request, config) };
}

/** In place of what was there. */
export function withHeader(request: Arriving, name: string, value: string): Arriving {
  const rest = withoutHeader(request, name);
  return {
    ...rest,
    request: { ...rest.request, headers: [...rest.request.headers, [name, value]] },
  };
}

export function withoutHeader(request: Arriving, name: string): Arriving {
  const headers = request.request.headers.filter(([other]) => other !== name);
  const unknown = new Set([...request.unknown].filter((other) => other !== name));
  return { ...request, request: { ...request.request, headers }, unknown };
}
