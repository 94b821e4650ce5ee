// Whether a rule of Envoy's RBAC matches a request, and which.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { ipVersion, isInRange } from '../../values/ip-address.ts';
import { headerOf } from '../call.ts';
import {
  isMessage,
  knowingOnly,
  messageIn,
  messagesIn,
  numberIn,
  textIn,
  UnreadableError,
} from '../fields.ts';
import { matchesText } from '../matchers.ts';
import type { Arriving } from './arriving.ts';
import { matchesMetadata } from './metadata.ts';
import { all, not, some, type Truth } from './truth.ts';

export interface Matched {
  /** Ids of rules that match. */
  readonly certain: readonly string[];
  /** Ids of rules of which explain cannot say whether they match. */
  readonly doubtful: readonly string[];
}

/** @param rules an RBAC message; action: what it has to be */
export function matchedRules(rules: EnvoyMessage, action: 'ALLOW' | 'DENY', request: Arriving): Matched {
  knowingOnly(rules, ['action', 'policies']);
  if (rules['action'] !== action) throw new UnreadableError('explain does not know the action of rules');
  const found = Object.entries(messageIn(rules, 'policies') ?? {}).map(([id, policy]) => ({
    id,
    truth: isMessage(policy) ? matchesPolicy(policy, request) : null,
  }));
  const idsOf = (truth: Truth): readonly string[] =>
    found.flatMap((one) => (one.truth === truth ? [one.id] : [])).toSorted();
  return { certain: idsOf(true), doubtful: idsOf(null) };
}

function matchesPolicy(policy: EnvoyMessage, request: Arriving): Truth {
  knowingOnly(policy, ['permissions', 'principals']);
  return all([
    some(messagesIn(policy, 'permissions').map((one) => matchesPermission(one, request))),
    some(messagesIn(policy, 'principals').map((one) => matchesPrincipal(one, request))),
  ]);
}

/** Whether what a policy is about is asked for, whoever asks. */
export function matchesPermissions(policy: EnvoyMessage, request: Arriving): Truth {
  return some(messagesIn(policy, 'permissions').map((one) => matchesPermission(one, request)));
}

type Condition = readonly [kind: string, value: EnvoyMessage | true];

/** Each message of the two is one of several kinds. */
function conditionOf(message: EnvoyMessage): Condition {
  const [entry, ...more] = Object.entries(message);
  if (entry === undefined || more.length > 0)
    throw new UnreadableError('explain does not know the condition of a rule');
  const [kind, value] = entry;
  if (value === true || isMessage(value)) return [kind, value];
  throw new UnreadableError(`explain does not know the condition ${kind}`);
}

function matchesPermission(permission: EnvoyMessage, request: Arriving): Truth {
  const [kind, value] = conditionOf(permission);
  if (value === true) return anything(kind);
  const each = (): readonly Truth[] =>
    messagesIn(knowingOnly(value, ['rules']), 'rules').map((one) => matchesPermission(one, request));
  switch (kind) {
    case 'and_rules':
      return all(each());
    case 'or_rules':
      return some(each());
    case 'not_rule':
      return not(matchesPermission(value, request));
    case 'header':
      return matchesHeader(value, request);
    default:
      throw new UnreadableError(`explain does not know the condition ${kind}`);
  }
}

function matchesPrincipal(principal: EnvoyMessage, request: Arriving): Truth {
  const [kind, value] = conditionOf(principal);
  if (value === true) return anything(kind);
  const each = (): readonly Truth[] =>
    messagesIn(knowingOnly(value, ['ids']), 'ids').map((one) => matchesPrincipal(one, request));
  switch (kind) {
    case 'and_ids':
      return all(each());
    case 'or_ids':
      return some(each());
    case 'not_id':
      return not(matchesPrincipal(value, request));
    case 'header':
      return matchesHeader(value, request);
    case 'authenticated':
      return isAuthenticated(value, request);
    case 'direct_remote_ip':
      return isWithin(value, request.address);
    case 'remote_ip':
      return isWithin(value, remoteAddress(request));
    case 'sourced_metadata':
      return matchesMetadata(value, request);
    default:
      throw new UnreadableError(`explain does not know the condition ${kind}`);
  }
}

function anything(kind: string): Truth {
  if (kind === 'any') return true;
  throw new UnreadableError(`explain does not know the condition ${kind}`);
}

function isAuthenticated(condition: EnvoyMessage, { caller }: Arriving): Truth {
  const name = messageIn(knowingOnly(condition, ['principal_name']), 'principal_name');
  if (caller === null) return false;
  return name === null || matchesText(name, caller);
}

function isWithin(range: EnvoyMessage, address: string | null): Truth {
  knowingOnly(range, ['address_prefix', 'prefix_len']);
  if (address === null) return null;
  return isInRange(address, textIn(range, 'address_prefix') ?? '', numberIn(range, 'prefix_len') ?? 0);
}

/** The last one in the header, if it is one; else that of the connection. */
function remoteAddress({ request, address }: Arriving): string | null {
  const last = headerOf(request, 'x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  return ipVersion(last) === 0 ? address : last;
}

/** Of a header that comes several times, each value is compared by itself. */
function matchesHeader(matcher: EnvoyMessage, { request, unknown }: Arriving): Truth {
  knowingOnly(matcher, ['name', 'string_match', 'present_match']);
  const name = (textIn(matcher, 'name') ?? '').toLowerCase();
  const isUnknown = unknown.has(name);
  const values = valuesOf(request, name);
  const present = matcher['present_match'];
  if (typeof present === 'boolean') return (isUnknown || values.length > 0) === present;
  const text = messageIn(matcher, 'string_match');
  if (text === null) throw new UnreadableError('explain does not know how the header is matched');
  knowingOnly(text, ['exact', 'prefix', 'suffix', 'contains', 'safe_regex', 'ignore_case']);
  return isUnknown ? null : values.some((value) => matchesText(text, value));
}

function valuesOf(request: Arriving['request'], name: string): readonly string[] {
  if (!name.startsWith(':'))
    return request.headers.filter(([other]) => other === name).map(([, value]) => value);
  const value = headerOf(request, name);
  return value === null ? [] : [value];
}
