// What an RBAC filter decides: rules in force, and rules on trial.
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { tokenRequired } from '../../envoy/resources/inbound/tokens/authentication.ts';
import { auditPrefix, externalPrefix } from '../../envoy/resources/rbac-metadata.ts';
import { isMessage, knowingOnly, messageIn, textIn, UnreadableError } from '../fields.ts';
import type { Refused, Trial } from './access.ts';
import type { Arriving } from './arriving.ts';
import { type Matched, matchedRules, matchesPermissions } from './rbac.ts';
import type { Truth } from './truth.ts';

export type Decision =
  | Refused
  /** rule: that allows it; null: it refuses nothing. */
  | { readonly type: 'Passed'; readonly rule: string | null }
  /** rules: ids of those that may match. */
  | { readonly type: 'Doubtful'; readonly rules: readonly string[] };

export interface Judged {
  /** Null: no rules are in force. */
  readonly decision: Decision | null;
  readonly trials: readonly Trial[];
  /** Whether an external authorizer is asked, of which these rules say it; null: they say nothing of one. */
  readonly asking: Asking | null;
}

export interface Asking {
  /** `shop/reviews/external-authorizer`: namespace/policy and what it is. */
  readonly authorizer: string;
  readonly isAsked: Truth;
}

const rbacFields = [
  '@type',
  'rules',
  'rules_stat_prefix',
  'shadow_rules',
  'shadow_rules_stat_prefix',
  'track_per_rule_stats',
] as const;

/** @param rbac an RBAC of an HTTP filter */
export function judgedByRules(rbac: EnvoyMessage, request: Arriving): Judged {
  knowingOnly(rbac, rbacFields);
  const rules = messageIn(rbac, 'rules');
  const shadow = messageIn(rbac, 'shadow_rules');
  const kind = textIn(rbac, 'shadow_rules_stat_prefix') ?? '';
  return {
    decision: rules === null ? null : decided(rules, request, textIn(rbac, 'rules_stat_prefix') ?? ''),
    trials: shadow !== null && isOnTrial(kind) ? tried(decided(shadow, request), actionOf(shadow)) : [],
    asking: shadow !== null && kind === externalPrefix ? askingBy(shadow, request) : null,
  };
}

function isOnTrial(kind: string): boolean {
  if (kind === auditPrefix.ALLOW || kind === auditPrefix.DENY) return true;
  if (kind === externalPrefix) return false;
  throw new UnreadableError(`explain does not know rules on trial of the kind ${kind}`);
}

function askingBy(shadow: EnvoyMessage, request: Arriving): Asking {
  const [authorizer = ''] = Object.keys(messageIn(shadow, 'policies') ?? {});
  const { type } = decided(shadow, request);
  return { authorizer, isAsked: type === 'Doubtful' ? null : type === 'Refused' };
}

function actionOf(rules: EnvoyMessage): 'ALLOW' | 'DENY' {
  const action = textIn(rules, 'action');
  if (action === 'ALLOW' || action === 'DENY') return action;
  throw new UnreadableError('explain does not know the action of rules');
}

function decided(rules: EnvoyMessage, request: Arriving, kind = ''): Decision {
  const action = actionOf(rules);
  const matched = matchedRules(rules, action, request);
  const [rule = null] = matched.certain;
  if (action === 'DENY') return rule === null ? passedUnless(matched) : refusedBy(rule, kind);
  if (rule !== null) return { type: 'Passed', rule };
  if (matched.doubtful.length > 0) return { type: 'Doubtful', rules: matched.doubtful };
  return { type: 'Refused', by: 'Allow', status: 403, rule: null };
}

function passedUnless({ doubtful }: Matched): Decision {
  return doubtful.length > 0 ? { type: 'Doubtful', rules: doubtful } : { type: 'Passed', rule: null };
}

/** Who has no token gets 401: see operator/envoy/resources/inbound/connection-manager.ts. */
function refusedBy(rule: string, kind: string): Refused {
  if (kind === externalPrefix) return { type: 'Refused', by: 'Authorizer', status: 403, rule };
  return rule.startsWith(tokenRequired)
    ? { type: 'Refused', by: 'Token', status: 401, rule: rule.slice(tokenRequired.length) }
    : { type: 'Refused', by: 'Deny', status: 403, rule };
}

function tried(decision: Decision, action: 'ALLOW' | 'DENY'): readonly Trial[] {
  const by = action === 'DENY' ? 'Deny' : 'Allow';
  switch (decision.type) {
    case 'Passed':
      return [];
    case 'Refused':
      return [{ by, rule: decision.rule, isCertain: true }];
    case 'Doubtful':
      return [{ by, rule: decision.rules[0] ?? null, isCertain: false }];
  }
}

/** Policies that need a token for this request, whether it has one or not: `shop/tokens`. */
export function tokenRequirements(rbac: EnvoyMessage, request: Arriving): readonly string[] {
  const policies = messageIn(messageIn(rbac, 'rules') ?? {}, 'policies') ?? {};
  return Object.entries(policies).flatMap(([id, policy]) => {
    const isOne = id.startsWith(tokenRequired) && id.includes('/') && isMessage(policy);
    return isOne && matchesPermissions(policy, request) !== false ? [id.slice(tokenRequired.length)] : [];
  });
}
