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
  /** By policy and what was counted: how much of it was told. */
  #told = new Map<string, number>();

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
    this.#tell(trials, seenOf, refused);
    return [...trials.map((trial) => auditReportOf(trial, seenOf(trial))), ...this.#memory.enforced()];
  }

  #tell(
    trials: readonly Trial[],
    seenOf: (trial: Trial) => Seen,
    refused: (policy: string, requests: number) => void,
  ): void {
    const told = new Map<string, number>();
    for (const trial of trials) {
      for (const { workload, source, port, route, rule, total } of refusedBy(trial, seenOf(trial))) {
        const key = JSON.stringify([trial.policy, workload, source, port, route, rule]);
        told.set(key, total);
        const more = total - (this.#told.get(key) ?? 0);
        if (more > 0) refused(trial.policy, more);
      }
    }
    this.#told = told;
  }
}
