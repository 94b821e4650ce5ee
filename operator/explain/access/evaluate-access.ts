// Whether the sidecar of a server lets a call in. It reads what this Envoy reads, as evaluate.ts does for the sidecar of the caller.
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import type { CallRequest } from '../call.ts';
import { messageIn, messagesIn, typeOf } from '../fields.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import type { Access, RefusedBy, Verdict } from './access.ts';
import { arriving } from './arriving.ts';
import { httpAccess } from './http-access.ts';
import { chainFor, isBelieved, type ServerConnection } from './server-connection.ts';
import { refusedBytes } from './tcp-access.ts';
import type { Judging } from './token.ts';

export interface CallToServer extends ServerConnection, Judging {
  /** As it leaves the caller's sidecar. */
  readonly request: CallRequest;
  /** Bytes are sent otherwise, and what the request says does not matter. */
  readonly speaksHttp: boolean;
  /** Of the caller; null: not known. */
  readonly from: string | null;
}

/** @throws UnreadableError if the configuration says something that is not understood here */
export function evaluateAccess(config: ProxyConfig, call: CallToServer): Access {
  const { identity } = call;
  const chain = chainFor(config, call);
  if (chain === null) return bytesAccess(identity, identity === null ? 'Mtls' : 'Allow');
  if (!isBelieved(config, chain, identity)) return bytesAccess(identity, 'Allow');
  const last = messageIn(messagesIn(chain, 'filters').at(-1) ?? {}, 'typed_config') ?? {};
  if (!typeOf(last).endsWith('.HttpConnectionManager'))
    return bytesAccess(identity, refusedBytes(config, chain, identity));
  return requestAccess(config, last, call);
}

function bytesAccess(identity: string | null, by: RefusedBy | null): Access {
  const verdict: Verdict =
    by === null ? { type: 'Allowed', rule: null } : { type: 'Refused', by, status: null, rule: null };
  return { identity, verdict, token: null, onTrial: [] };
}

function requestAccess(config: ProxyConfig, manager: EnvoyMessage, call: CallToServer): Access {
  const seen = arriving(call.request, { caller: call.identity, address: call.from });
  const access = httpAccess(config, manager, seen, call);
  if (call.speaksHttp || access.verdict.type !== 'Refused') return access;
  return { ...access, verdict: { ...access.verdict, status: null } };
}
