// Refusals of rules as series for Prometheus: whose labels they have, and no more of them than a scrape can hold. Entry: RefusalSeries.
import { isPlaintext, other, type Point } from './point.ts';

export interface RefusalLabels {
  /** Audit: the request was let in, and would have been refused. */
  readonly enforcement: 'Enforce' | 'Audit';
  /** Of the Deny rule; all three are empty if no Allow rule matched. */
  readonly namespace: string;
  readonly policy: string;
  readonly rule: string;
  /** Service account, `shop/productpage`; SPIFFE ID of another trust domain; `unidentified`: without mutual TLS. */
  readonly caller: string;
  /** Service account of the workload that was called. */
  readonly callee: string;
}

export interface RefusalBounds {
  /** Series of all. Default: 1,000. */
  readonly most: number;
  /** Of them, a fifth is for workloads of service accounts that have no more than so many. Default: 10. */
  readonly reserved: number;
  /** Series of the workloads of one service account. Default: 200. */
  readonly ofOne: number;
}

const defaults: RefusalBounds = { most: 1_000, reserved: 10, ofOne: 200 };
const unidentified = 'unidentified';

type Labels = Omit<RefusalLabels, 'enforcement'>;

/** Remembers which series there are: a counter does not go away. What a sidecar reports makes series of its own service account only. */
export class RefusalSeries {
  readonly #bounds: RefusalBounds;
  readonly #known = new Set<string>();
  /** Callee → how many of them. */
  readonly #ofOne = new Map<string, number>();

  constructor(bounds: Partial<RefusalBounds> = {}) {
    this.#bounds = { ...defaults, ...bounds };
  }

  /**
   * null: the point is about something else. callee: a SPIFFE ID. A rule that the workload does not have (`hasRule`) is `other`. Beyond the bounds, all
   * labels but `enforcement` and `callee` are `other`, and then that one, too.
   */
  labelsOf(
    { metric, tags }: Point,
    callee: string,
    hasRule: (rule: string) => boolean,
  ): RefusalLabels | null {
    if (metric !== 'inbound.refusals' && metric !== 'inbound.audit_refusals') return null;
    const enforcement = metric === 'inbound.refusals' ? 'Enforce' : 'Audit';
    const [domain] = callee.split('/ns/');
    const caller = isPlaintext(tags.source) ? unidentified : accountOf(tags.source, domain);
    const rule = ruleOf(tags.rule, hasRule);
    return {
      enforcement,
      ...this.#bounded(enforcement, { ...rule, caller, callee: accountOf(callee, domain) }),
    };
  }

  #bounded(enforcement: string, labels: Labels): Labels {
    const own = { ...folded, callee: labels.callee };
    if (this.#take(enforcement, labels, this.#bounds.ofOne)) return labels;
    // One more for each enforcement.
    return this.#take(enforcement, own, this.#bounds.ofOne + 2) ? own : folded;
  }

  /** Whether the series is there, or there is room for it. */
  #take(enforcement: string, labels: Labels, ofOne: number): boolean {
    const key = [enforcement, ...Object.values(labels)].join('\u0000');
    if (this.#known.has(key)) return true;
    const { most, reserved } = this.#bounds;
    const has = this.#ofOne.get(labels.callee) ?? 0;
    const kept = has < reserved ? 0 : most / 5;
    if (has >= ofOne || this.#known.size >= most - kept) return false;
    this.#known.add(key);
    this.#ofOne.set(labels.callee, has + 1);
    return true;
  }
}

const otherRule = { namespace: other, policy: other, rule: other } as const;
const folded = { ...otherRule, caller: other, callee: other } as const;

/** A sidecar cannot make up policies, nor name those of others. */
function ruleOf(
  said: string,
  hasRule: (rule: string) => boolean,
): Pick<Labels, 'namespace' | 'policy' | 'rule'> {
  if (said !== '' && !hasRule(said)) return otherRule;
  const [namespace = '', policy = '', ...rule] = said.split('/');
  return { namespace, policy, rule: rule.join('/') };
}

/** `spiffe://cluster.local/ns/shop/sa/reviews` → `shop/reviews`. */
function accountOf(spiffeId: string, domain: string | undefined): string {
  const [from, account = ''] = spiffeId.split('/ns/');
  const [namespace = '', kind, name = ''] = account.split('/');
  return from === domain && kind === 'sa' ? `${namespace}/${name}` : spiffeId;
}
