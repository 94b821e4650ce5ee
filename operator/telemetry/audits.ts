// All policies on trial, look after look. Pure, but for what it remembers of the look before.
import type { AuditReport } from '../conditions/audit-report.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { Pod } from '../objects/objects.ts';
import { isSameValue } from '../values/same-value.ts';
import type { Observations } from './observations.ts';
import { ownersOf } from './owners.ts';
import { TrialMemory } from './trial-memory.ts';
import { auditReportOf, refusedBy, type Seen, type Trial, type TrialPolicy, trialsOf } from './trials.ts';

export interface Look {
  readonly onTrial: readonly TrialPolicy[];
  /** `namespace/name` of all SecurityPolicies. */
  readonly policies: ReadonlySet<string>;
  readonly ir: MeshIr | null;
  readonly pods: readonly Pod[];
  readonly observations: Observations;
  readonly nowMs: number;
}

export class Audits {
  readonly #memory = new TrialMemory();
  /** Policy → what was counted → how much of it was told, or was there when this began. null: nothing was looked at yet. */
  #told: ReadonlyMap<string, ReadonlyMap<string, number>> | null = null;

  /** Whether these were on trial when it was looked last. */
  knows(onTrial: readonly TrialPolicy[]): boolean {
    const known = this.#memory.trials.map(({ policy, generation, hasAllowList }): TrialPolicy => {
      return { policy, generation, hasAllowList };
    });
    return isSameValue(known, onTrial);
  }

  /** `refused` is called with what was counted since the look before. */
  look(look: Look, refused: (policy: string, requests: number) => void): readonly AuditReport[] {
    const ownerOf = ownersOf(look.onTrial.length === 0 ? [] : look.pods);
    const seenOf = ({ policy }: Trial): Seen => ({ ...look, ownerOf, fromMs: this.#memory.fromMs(policy) });
    const trials = trialsOf(look.ir, look.onTrial);
    this.#memory.update(trials, look.policies, {
      nowMs: look.nowMs,
      lastWords: (trial) => auditReportOf(trial, seenOf(trial)),
    });
    // What there was before was told by whoever led then, mostly.
    this.#tell(trials, seenOf, this.#told === null ? () => undefined : refused);
    this.#forget(look.policies);
    return [...trials.map((trial) => auditReportOf(trial, seenOf(trial))), ...this.#memory.enforced()];
  }

  #tell(
    trials: readonly Trial[],
    seenOf: (trial: Trial) => Seen,
    refused: (policy: string, requests: number) => void,
  ): void {
    const told = new Map(this.#told);
    for (const trial of trials) {
      const before = told.get(trial.policy);
      const now = new Map<string, number>();
      for (const { workload, source, port, route, rule, total } of refusedBy(trial, seenOf(trial))) {
        const key = JSON.stringify([workload, source, port, route, rule]);
        now.set(key, total);
        const more = total - (before?.get(key) ?? 0);
        if (more > 0) refused(trial.policy, more);
      }
      told.set(trial.policy, now);
    }
    this.#told = told;
  }

  /** One that is enforced for a while may be on trial again. */
  #forget(policies: ReadonlySet<string>): void {
    this.#told = new Map([...(this.#told ?? [])].filter(([policy]) => policies.has(policy)));
  }
}
