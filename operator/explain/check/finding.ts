// What `meshwright check` tells. Pure.
import type { MeshIr } from '../../ir/mesh-ir.ts';

export interface Finding {
  readonly type:
    | 'Plaintext'
    | 'AnyCaller'
    | 'AllowsAll'
    | 'MatchesNobody'
    | 'UnusedRule'
    | 'NoSidecar'
    | 'NotInEffect'
    | 'StaleKeys'
    | 'Expiring';
  /** What is wrong, and what to do: full sentences. */
  readonly message: string;
}

/** `shop/reviews/from-page` as a sentence names it. */
export function ruleText(id: string): string {
  const [namespace = '', policy = '', ...rule] = id.split('/');
  return `Rule ${rule.join('/')} of SecurityPolicy ${namespace}/${policy}`;
}

const mostNamed = 10;

export function listed(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return more > 0 ? `${names.slice(0, mostNamed).join(', ')} and ${more} more` : names.join(', ');
}

/** `2026-11-29 12:00 UTC` */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Of namespaces whose workloads get a sidecar. */
export function labelText({ sidecar }: MeshIr['settings']): string {
  return Object.entries(sidecar.namespaceLabels)
    .map((pair) => pair.join('='))
    .join(',');
}
