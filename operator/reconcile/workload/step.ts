// The words in which the parts of a reconcile speak to each other.
import type { SecretPort } from '../../ports/platform.ts';
import type { LiveWorkload, WorkloadPort } from '../../ports/workload-port.ts';
import type { Actual } from './actual.ts';
import type { Desired } from './desired.ts';
import type { Memory } from '../memory.ts';
import type { PodFacts } from '../pods.ts';
import type { Outcome } from '../queue.ts';
import type { WorkloadState } from '../../conditions/workload-report.ts';

export interface ReconcileDeps {
  readonly port: WorkloadPort;
  readonly secrets: Pick<SecretPort, 'read'>;
  /** Whether sidecars would get a configuration. */
  readonly xdsReady: () => boolean;
  /** Why a pod that starts now would wait for its certificate: a sentence; null: it would not. */
  readonly whyNoPodCertificates: () => string | null;
  readonly nowMs: () => number;
}

export interface Subject {
  /** `Deployment/shop/reviews` */
  readonly key: string;
  readonly live: LiveWorkload;
  readonly actual: Actual;
  /** What will not be as it was with a sidecar. */
  readonly notices: readonly string[];
  readonly memory: Memory;
  /** Those that are there to stay. */
  readonly pods: readonly PodFacts[];
  readonly desired: Desired;
}

/** state null: there is nothing to tell, it is none of ours. */
export interface Step {
  readonly outcome: Outcome;
  readonly state: WorkloadState | null;
  readonly live?: LiveWorkload;
}

export const done: Outcome = { type: 'done' };

export function again(afterMs: number): Outcome {
  return { type: 'again', afterMs };
}
