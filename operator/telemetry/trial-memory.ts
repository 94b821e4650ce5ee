// Since when what is counted is about the rules as they are, and what was seen of policies that are enforced by now. Pure.
import type { AuditReport } from '../conditions/audit-report.ts';
import type { Trial, TrialPolicy } from './trials.ts';

/** Sidecars report what they counted before a change up to so long after it, in milliseconds. */
const reportMs = 15_000;
/** For how long it is said what was seen of rules before they were enforced. */
const rememberedMs = 3_600_000;

interface OnTrial {
  readonly generation: number;
  readonly fromMs: number;
}

export class TrialMemory {
  readonly #onTrial = new Map<string, OnTrial>();
  readonly #enforced = new Map<string, { readonly report: AuditReport; readonly untilMs: number }>();
  #trials: readonly Trial[] = [];
  #isFirst = true;

  /** Policies on trial as they were before. */
  get trials(): readonly Trial[] {
    return this.#trials;
  }

  /** In ms since 1970; 0: as far back as counts go. */
  fromMs(policy: string): number {
    return this.#onTrial.get(policy)?.fromMs ?? 0;
  }

  /**
   * `policies`: all there are, on trial or not. `lastWords`: what is to be said of a trial that ends.
   */
  update(
    trials: readonly Trial[],
    policies: ReadonlySet<string>,
    { nowMs, lastWords }: { readonly nowMs: number; readonly lastWords: (trial: Trial) => AuditReport },
  ): void {
    const now = new Set(trials.map(({ policy }) => policy));
    for (const trial of this.#trials) {
      if (now.has(trial.policy)) continue;
      const report: AuditReport = { ...lastWords(trial), enforcement: 'Enforce' };
      this.#enforced.set(trial.policy, { report, untilMs: nowMs + rememberedMs });
      this.#onTrial.delete(trial.policy);
    }
    for (const [policy, { untilMs }] of this.#enforced)
      if (untilMs <= nowMs || now.has(policy) || !policies.has(policy)) this.#enforced.delete(policy);
    for (const trial of trials) this.#note(trial, nowMs);
    this.#trials = trials;
    this.#isFirst = false;
  }

  /** Of policies that were on trial within the last hour, and are enforced. */
  enforced(): readonly AuditReport[] {
    return [...this.#enforced.values()].map(({ report }) => report);
  }

  #note({ policy, generation }: TrialPolicy, nowMs: number): void {
    const known = this.#onTrial.get(policy);
    if (known?.generation === generation) return;
    const changedMs = known === undefined ? nowMs : nowMs + reportMs;
    // Who begins to look finds policies that may have been on trial for long.
    this.#onTrial.set(policy, { generation, fromMs: this.#isFirst ? 0 : changedMs });
  }
}
