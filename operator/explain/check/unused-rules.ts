// Rules that decide about nothing: certain by what is configured, or by what sidecars counted. Pure.
import type { AuthorizationIr, RuleIr } from '../../ir/inbound.ts';
import type { MeshIr } from '../../ir/mesh-ir.ts';
import { isDenied } from './covered-rules.ts';
import { listed, ruleText, timeText } from './finding.ts';
import type { OperatorView } from './operator-view.ts';
import { isReachable, routeLists } from './reachable-paths.ts';
import type { ServedPort } from './served-ports.ts';

export interface UnusedRule {
  /** Its id. */
  readonly rule: string;
  readonly message: string;
}

/** Allow rules of which a Deny rule leaves nothing, wherever they are in force. */
export function deniedRules(ir: MeshIr): readonly UnusedRule[] {
  const places = new Map<string, { readonly rule: RuleIr; readonly denies: (readonly RuleIr[])[] }>();
  for (const { allow, deny } of authorizationsIn(ir))
    for (const rule of allow === 'all' ? [] : allow) {
      const place = places.get(rule.id) ?? { rule, denies: [] };
      place.denies.push(deny);
      places.set(rule.id, place);
    }
  return [...places].flatMap(([id, { rule, denies }]) => {
    const by = denies.map((deny) => deny.find((one) => isDenied(rule, one)));
    const ids = [...new Set(by.flatMap((one) => (one === undefined ? [] : [one.id])))];
    if (by.includes(undefined)) return [];
    const message = `${ruleText(id)} lets nobody in: ${listed(ids.map(ruleText))} denies all that it allows. Remove one of them.`;
    return [{ rule: id, message }];
  });
}

function authorizationsIn({ workloads }: MeshIr): readonly AuthorizationIr[] {
  return workloads.flatMap(({ inbound, otherInbound }) => [
    ...inbound.map(({ authorization }) => authorization),
    otherInbound.authorization,
  ]);
}

/** Rules about paths that no route leads to. */
export function unreachableRules(ir: MeshIr, served: readonly ServedPort[]): readonly UnusedRule[] {
  const lists = routeLists(ir);
  const services = new Map<string, { readonly names: Set<string>; isReachable: boolean }>();
  for (const { service, inbound } of served) {
    const { allow, deny } = inbound.authorization;
    for (const rule of [...deny, ...(allow === 'all' ? [] : allow)]) {
      const known = services.get(rule.id) ?? { names: new Set(), isReachable: false };
      known.names.add(`${service.namespace}/${service.service}`);
      known.isReachable ||= isReachable(rule, service, lists);
      services.set(rule.id, known);
    }
  }
  return [...services]
    .filter(([, known]) => !known.isReachable)
    .map(([id, { names }]) => ({
      rule: id,
      message: `${ruleText(id)} is about paths that routes lead elsewhere: no caller with a sidecar reaches ${listed([...names].toSorted())} by them. Correct the paths, or remove the rule.`,
    }));
}

/** Rules in force on HTTP ports that decided about no request, as far as sidecars reported. */
export function unmatchedRules(ir: MeshIr, { rules, sinceMs }: OperatorView): readonly UnusedRule[] {
  // What there was no room for may be any of them.
  if (rules.has('other')) return [];
  const ports = ir.workloads.flatMap(({ inbound }) => inbound);
  const ofTcp = new Set(ports.filter(({ protocol }) => protocol === 'TCP').flatMap(idsOf));
  const ids = new Set(ports.filter(({ protocol }) => protocol === 'HTTP').flatMap(idsOf));
  return [...ids]
    .filter((id) => !rules.has(id) && !ofTcp.has(id))
    .map((id) => ({
      rule: id,
      message: `${ruleText(id)} matched no request since ${timeText(sinceMs)}. If that is longer than its callers may be silent, remove it.`,
    }));
}

function idsOf({ authorization: { allow, deny } }: { readonly authorization: AuthorizationIr }): string[] {
  return [...deny, ...(allow === 'all' ? [] : allow)].map(({ id }) => id);
}
