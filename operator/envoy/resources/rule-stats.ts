// What a sidecar counts about rules: whom they refused, whom they let in, and on which paths rules on trial would have refused. There
// are no such counters where there are no rules: they need no switch. Audit refusals themselves: stats-log.ts.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import {
  auditPrefix,
  effectiveRule,
  engineResult,
  rbacMetadata,
  rbacNamespace,
  rulesPrefix,
} from './rbac-metadata.ts';
import { allOf, atTheEnd } from './log-filters.ts';
import { counter, edges, logger, type Tag } from './stats-log.ts';
import type { Seen } from './vantage.ts';

/** Callers choose paths: of each logger no more than these are told apart, by the first bytes. */
const mostRoutes = 40;
const pathCharacters = 100;

/** As the caller wrote it, without its query. */
const methodAndPath: Tag = ['route', `%REQUEST_HEADER(:METHOD)% %PATH(NQ:PATH):${pathCharacters}%`];

/** For requests that come in. */
export function ruleStats(seen: Seen): readonly EnvoyMessage[] {
  if (seen.vantage === 'outbound') return [];
  const ends = edges(seen);
  const port = ends.filter(([name]) => name === 'port');
  // Missing if no Allow rule matched.
  const denyRule: Tag = ['rule', rbacMetadata(rulesPrefix.DENY + effectiveRule.enforced)];
  const allowRule: Tag = ['rule', rbacMetadata(rulesPrefix.ALLOW + effectiveRule.enforced)];
  const trialRule: Tag = ['rule', rbacMetadata(auditPrefix.DENY + effectiveRule.shadow)];
  return [
    {
      filter: allOf({ or_filter: { filters: deniedBy(rulesPrefix, engineResult.enforced) } }, atTheEnd),
      ...logger({ counters: [counter('inbound.refusals', [...ends, denyRule])] }),
    },
    {
      filter: allOf(said(rulesPrefix.ALLOW + engineResult.enforced, 'allowed'), atTheEnd),
      ...logger({ counters: [counter('inbound.permits', [...port, allowRule])] }),
    },
    {
      filter: allOf({ or_filter: { filters: deniedBy(auditPrefix, engineResult.shadow) } }, atTheEnd),
      ...logger(
        { counters: [counter('inbound.audit_routes', [...ends, trialRule, methodAndPath])] },
        mostRoutes,
      ),
    },
  ];
}

/** Filters of loggers, for both kinds of rules. */
function deniedBy(prefixes: Readonly<Record<'DENY' | 'ALLOW', string>>, result: string): EnvoyMessage[] {
  return Object.values(prefixes).map((prefix) => said(prefix + result, 'denied'));
}

function said(key: string, exact: 'denied' | 'allowed'): EnvoyMessage {
  return {
    metadata_filter: {
      matcher: { filter: rbacNamespace, path: [{ key }], value: { string_match: { exact } } },
      match_if_key_not_found: false,
    },
  };
}
