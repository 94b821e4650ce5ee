// Deny rules on connections. Whom a handshake refuses is one regular expression in the sidecar, since Envoy's lists of names
// know no "not", and the time to compile it grows faster than the number of names: 64 take 40 ms, 1,024 five seconds. Beyond
// that the rules refuse more than they name, which is the safe side: whole namespaces, and beyond as many of these, everybody.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { CallerIr, RuleIr } from '../../../ir/inbound.ts';

/** How many callers the Deny rules of a TCP port name one by one. */
export const maxDeniedCallers = 64;

export function boundedDeny(deny: readonly RuleIr[]): readonly RuleIr[] {
  if (countNames(deny) <= maxDeniedCallers) return deny;
  const byNamespace = deny.map((rule): RuleIr => ({ ...rule, callers: namespacesOf(rule.callers) }));
  if (countNames(byNamespace) <= maxDeniedCallers) return byNamespace;
  return deny.map((rule): RuleIr => ({ ...rule, callers: 'anyone', unidentified: true }));
}

/** The callers that Deny rules of these policies name, each once. */
export function deniedCallers(policies: Iterable<SecurityPolicy>): ReadonlySet<string> {
  return new Set(
    [...policies].flatMap(({ metadata, spec }) =>
      (spec.authorization?.rules ?? [])
        .filter(({ action }) => action === 'Deny')
        .flatMap(({ from }) => from)
        .flatMap(({ serviceAccounts, namespaces }) => [
          ...namespaces,
          ...serviceAccounts.map((name) => qualified(name, metadata.namespace ?? '')),
        ]),
    ),
  );
}

function qualified(name: string, namespace: string): string {
  return name.includes('/') ? name : `${namespace}/${name}`;
}

function countNames(rules: readonly RuleIr[]): number {
  return new Set(
    rules.flatMap(({ callers }) =>
      callers === 'anyone'
        ? []
        : callers.flatMap(({ spiffeIds, spiffePrefixes }) => [...spiffeIds, ...spiffePrefixes]),
    ),
  ).size;
}

function namespacesOf(callers: RuleIr['callers']): RuleIr['callers'] {
  if (callers === 'anyone') return 'anyone';
  const prefixes = callers.flatMap(({ spiffeIds, spiffePrefixes }: CallerIr) => [
    ...spiffePrefixes,
    ...spiffeIds.map((id) => id.slice(0, id.lastIndexOf('/sa/') + 1)),
  ]);
  return [{ spiffeIds: [], spiffePrefixes: [...new Set(prefixes)].toSorted() }];
}
