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

const mostSeries = 1_000;
const unidentified = 'unidentified';

/** Remembers which series there are: a counter does not go away. */
export class RefusalSeries {
  readonly #known = new Set<string>();
  readonly #most: number;

  constructor(most = mostSeries) {
    this.#most = most;
  }

  /** null: the point is about something else. callee: a SPIFFE ID. Beyond the bound, all labels but `enforcement` are `other`. */
  labelsOf({ metric, tags }: Point, callee: string): RefusalLabels | null {
    if (metric !== 'inbound.refusals' && metric !== 'inbound.audit_refusals') return null;
    const enforcement = metric === 'inbound.refusals' ? 'Enforce' : 'Audit';
    const [namespace = '', policy = '', ...rule] = tags.rule.split('/');
    const [domain] = callee.split('/ns/');
    const caller = isPlaintext(tags.source) ? unidentified : accountOf(tags.source, domain);
    const labels = { namespace, policy, rule: rule.join('/'), caller, callee: accountOf(callee, domain) };
    return { enforcement, ...this.#bounded(enforcement, labels) };
  }

  #bounded(
    enforcement: string,
    labels: Omit<RefusalLabels, 'enforcement'>,
  ): Omit<RefusalLabels, 'enforcement'> {
    const key = [enforcement, ...Object.values(labels)].join('\u0000');
    if (!this.#known.has(key) && this.#known.size >= this.#most) return folded;
    this.#known.add(key);
    return labels;
  }
}

const folded = { namespace: other, policy: other, rule: other, caller: other, callee: other } as const;

/** `spiffe://cluster.local/ns/shop/sa/reviews` → `shop/reviews`. */
function accountOf(spiffeId: string, domain: string | undefined): string {
  const [from, account = ''] = spiffeId.split('/ns/');
  const [namespace = '', kind, name = ''] = account.split('/');
  return from === domain && kind === 'sa' ? `${namespace}/${name}` : spiffeId;
}
