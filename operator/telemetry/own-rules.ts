// Which rules the sidecar of a workload can report of: those that it has, and those that it had a moment ago. Pure.
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import { rememberEach } from '../values/remember.ts';

/** A sidecar reports every ten seconds, and may still have the rules of before: so long are those believed, in milliseconds. */
const believedMs = 60_000;
/** Of what changes all the time, states that were as short are not all kept. */
const shortMs = 15_000;

type Workloads = readonly WorkloadIr[];

interface Kept {
  readonly untilMs: number;
  readonly find: (key: string) => WorkloadIr | undefined;
}

export class OwnRules {
  #workloads: Workloads = [];
  #sinceMs = -Infinity;
  #find = finder([]);
  #before: readonly Kept[] = [];

  /** @param nowMs only grows */
  update(workloads: Workloads, nowMs: number): void {
    if (workloads === this.#workloads) return;
    const before = this.#before.filter(({ untilMs }) => untilMs > nowMs);
    const untilMs = nowMs + believedMs;
    const lastMs = before.at(-1)?.untilMs ?? 0;
    const isKept = nowMs - this.#sinceMs >= shortMs || untilMs - lastMs >= shortMs;
    this.#before = isKept ? [...before, { untilMs, find: this.#find }] : before;
    this.#sinceMs = nowMs;
    this.#workloads = workloads;
    this.#find = finder(workloads);
  }

  /** rule: `shop/reviews/no-admin`, as a sidecar says it. */
  has(workload: string, rule: string, nowMs: number): boolean {
    // Of several rules with one name, the sidecar numbers all but the first (envoy/resources/inbound/rbac.ts).
    const id = rule.replace(/#\d+$/, '');
    const states = [this.#find, ...this.#before.filter((it) => it.untilMs > nowMs).map((it) => it.find)];
    return states.some((find) => {
      const found = find(workload);
      return found !== undefined && rulesOf(found).has(id);
    });
  }
}

/** Sorted out when it is first asked. */
function finder(workloads: Workloads): Kept['find'] {
  let byKey: ReadonlyMap<string, WorkloadIr> | null = null;
  return (key) => {
    byKey ??= new Map(workloads.map((it) => [it.key, it]));
    return byKey.get(key);
  };
}

const rulesOf = rememberEach(({ inbound }: WorkloadIr): ReadonlySet<string> => {
  const sets = inbound.flatMap(({ authorization, audit }) =>
    audit === null ? [authorization] : [authorization, audit],
  );
  return new Set(
    sets.flatMap(({ deny, allow }) => [...deny, ...(allow === 'all' ? [] : allow)].map(({ id }) => id)),
  );
});
