// One look at the policy by which the API server adds sidecars: is it there, is it ours, does it work. Entry: InjectionLook, one for each term of leadership.
import { type InjectionReport, notLooked } from '../conditions/injection-report.ts';
import type { RenderedPolicy } from '../infra/admission-policy.ts';
import type { InjectionPolicyPort, PolicySupport, StoredPolicy } from '../ports/injection-policy-port.ts';
import type { WorkloadPort, WorkloadRef } from '../ports/workload-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { injectedKey } from '../values/own-names.ts';
import { isSameValue } from '../values/same-value.ts';
import { type Place, SdsFiles } from './sds-files.ts';
import { policySettleMs, policyTrustMs } from './times.ts';
import type { InjectionWay } from './workload/desired.ts';

export type Wanted =
  /** There is no Mesh. */
  | { readonly type: 'none' }
  /** Sidecars that start now would wait: what is in force stays. */
  | { readonly type: 'later' }
  /** Sidecars cannot be had in the way that the Mesh asks for: what is in force stays. */
  | { readonly type: 'never' }
  | {
      readonly type: 'policy';
      readonly policy: RenderedPolicy;
      /** A pod template of the cluster with our part; null: there is none to try it with. */
      readonly trial: Trial | null;
      /** Those that need the files by which Envoy finds certificates from Secrets, sorted. */
      readonly namespaces: readonly Place[];
    };

export interface Trial {
  readonly ref: WorkloadRef;
  readonly body: object;
}

export interface Seen {
  /** null: it is not known yet. */
  readonly way: InjectionWay | null;
  readonly report: InjectionReport;
  /** When to look again, in ms. */
  readonly againMs: number;
}

export interface LookOptions {
  readonly port: InjectionPolicyPort;
  readonly workloads: Pick<WorkloadPort, 'keepConfigMap' | 'apply'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Somebody may install the binding, or take it away. */
const lookMs = 60_000;
/** One that has just started, or a binding that has just been made. */
const doubtMs = 2000;
const doubts = 3;
const retryMs = 5000;

interface InForce {
  readonly stored: StoredPolicy;
  readonly sinceMs: number;
}

export class InjectionLook {
  readonly #options: LookOptions;
  readonly #files: SdsFiles;
  /** As we left it. */
  #written: StoredPolicy | undefined;
  #inForce: InForce | undefined;
  #removedMs: number | undefined;
  #notRun = 0;
  /** An API server did not run policies, so templates became the way. runSinceMs: since when each that was asked has run them. */
  #distrust: { runSinceMs?: number } | undefined;
  #failures = 0;
  #way: InjectionWay | null = null;
  #report = notLooked;

  constructor(options: LookOptions) {
    this.#options = options;
    this.#files = new SdsFiles(options);
  }

  /** What fails leaves everything as it is, and is told when it has failed a few times. Never rejects. */
  async at(wanted: Wanted): Promise<Seen> {
    try {
      const seen = await this.#look(wanted);
      this.#failures = 0;
      return seen;
    } catch (error) {
      this.#options.log.warn({ error }, 'injection policy not written, retrying');
      this.#failures += 1;
      if (this.#failures < doubts) return { way: this.#way, report: this.#report, againMs: doubtMs };
      const doubt = error instanceof Error ? error.message : String(error);
      return this.#seen({ support: 'NotRun', doubt, way: this.#way, againMs: retryMs });
    }
  }

  async #look(wanted: Wanted): Promise<Seen> {
    const support = await this.#options.port.support();
    this.#notRun = support === 'NotRun' ? this.#notRun + 1 : 0;
    if (support === 'NotServed' || support === 'NotBound') {
      // Once it is bound again, API servers have to notice.
      this.#inForce = undefined;
      return this.#seen({ support, way: template });
    }
    if (wanted.type === 'none') return await this.#removed(support);
    // Templates were the way out of the last mesh. Which way leads into this one is not known before its policy has been tried.
    if (this.#removedMs !== undefined) this.#way = null;
    this.#removedMs = undefined;
    const refusal = await this.#publish(wanted);
    return this.#judged(wanted, { support, refusal });
  }

  /** Pods that are made before API servers have noticed get a sidecar still. */
  async #removed(support: PolicySupport): Promise<Seen> {
    const { port, clock } = this.#options;
    this.#inForce = undefined;
    const wasThere = await port.remove();
    // If it was not there, whoever led before may have removed it just now.
    if (wasThere || this.#removedMs === undefined) this.#removedMs = clock.now();
    const restMs = this.#removedMs + policySettleMs - clock.now();
    return restMs > 0
      ? this.#seen({ support, way: null, againMs: restMs })
      : this.#seen({ support, way: template });
  }

  #judged(wanted: Wanted, { support, refusal }: { support: PolicySupport; refusal: string }): Seen {
    const inForce = this.#inForce;
    if (support === 'NotRun') {
      const isSure = this.#notRun >= doubts;
      if (isSure) this.#inForce = undefined;
      if (isSure || this.#distrust !== undefined) this.#distrust = {};
      return this.#seen({
        support,
        refusal,
        way: isSure ? template : this.#way,
        againMs: isSure ? lookMs : doubtMs,
      });
    }
    if (inForce === undefined) {
      const way = wanted.type === 'later' ? this.#way : template;
      return this.#seen({ support, refusal, way });
    }
    const now = this.#options.clock.now();
    const restMs = inForce.sinceMs + policySettleMs - now;
    if (restMs > 0) return this.#seen({ support, refusal, way: this.#way, againMs: restMs });
    if (!this.#isTrusted(now)) return this.#seen({ support, refusal, way: this.#way, againMs: doubtMs });
    return this.#seen({ support, refusal, way: wayOf(inForce.stored) });
  }

  /** Of several API servers some may run policies and some not, and each change of the way replaces all pods. */
  #isTrusted(now: number): boolean {
    if (this.#distrust === undefined) return true;
    this.#distrust.runSinceMs ??= now;
    const isTrusted = now - this.#distrust.runSinceMs >= policyTrustMs;
    if (isTrusted) this.#distrust = undefined;
    return isTrusted;
  }

  #seen(of: {
    readonly support: PolicySupport;
    readonly way: InjectionWay | null;
    readonly refusal?: string;
    readonly doubt?: string;
    readonly againMs?: number;
  }): Seen {
    const { support, way, refusal = '', doubt = '', againMs = lookMs } = of;
    this.#way = way;
    this.#report = { support, way: way?.type ?? null, refusal, doubt };
    return { way, report: this.#report, againMs };
  }

  /** Writes only what is not there yet. Why the API server does not take it; '' if it does. */
  async #publish(wanted: Wanted): Promise<string> {
    const { port, workloads } = this.#options;
    if (wanted.type === 'policy') await this.#files.keep(wanted.namespaces);
    const found = await port.read();
    this.#note(found);
    if (wanted.type !== 'policy' || isAsWritten(found, this.#written, wanted.policy)) return '';
    const { policy, trial } = wanted;
    const tried = trial && (await workloads.apply(trial.ref, trial.body, { force: true, dryRun: true }));
    if (tried?.type === 'refused') return tried.message;
    const outcome = await port.apply(policy);
    if (outcome.type === 'refused') return outcome.message;
    this.#written = outcome.stored;
    this.#note(outcome.stored);
    return '';
  }

  /** Another version is in force once API servers have noticed it, whatever of it is new. */
  #note(stored: StoredPolicy | undefined): void {
    if (isSameValue(stored, this.#inForce?.stored)) return;
    const isOurs = stored !== undefined && revisionIn(stored) !== '';
    this.#inForce = isOurs ? { stored, sinceMs: this.#options.clock.now() } : undefined;
  }
}

const template: InjectionWay = { type: 'Template' };

function wayOf(stored: StoredPolicy): InjectionWay {
  return { type: 'Policy', revision: revisionIn(stored), namespaces: stored.namespaceSelector };
}

function revisionIn({ injected }: StoredPolicy): string {
  return injected.split('.')[0] ?? '';
}

function isAsWritten(
  found: StoredPolicy | undefined,
  written: StoredPolicy | undefined,
  policy: RenderedPolicy,
): boolean {
  if (found === undefined || written === undefined) return false;
  const isOurs = found.uid === written.uid && found.generation === written.generation;
  return isOurs && found.injected === policy.metadata.annotations[injectedKey];
}
