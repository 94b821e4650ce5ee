// What one term of leadership remembers: nothing of it has to survive, all can be seen again in the cluster.
import { createRestores, type Restores } from './rollout/restores.ts';
import { OtherPods } from './other-pods/memory.ts';
import type { WorkloadState } from '../conditions/workload-report.ts';
import { createRollouts, type Rollouts } from './rollout/rollouts.ts';

export interface Memory {
  readonly rollouts: Rollouts;
  readonly restores: Restores;
  readonly states: Map<string, WorkloadState>;
  /** Key → uid of a workload seen with our part: what takes it away without a trace is told from a first injection. */
  readonly injected: Map<string, string>;
  /** Key → fingerprint of the sidecar with which its pods were once all there: later rollouts begin with sidecars. */
  readonly rolled: Map<string, string>;
  /** Namespace → when its SDS files were last made sure of, in ms since 1970. */
  readonly sdsKept: Map<string, number>;
  /** Namespace → whether it is in the mesh, and since when at the latest, in ms since 1970. */
  readonly members: Map<string, Membership>;
  /** Key → version of the template that a dry run has found to be right. */
  readonly verified: Map<string, string>;
  /** Of workloads whose template is not known. */
  readonly others: OtherPods;
}

interface Membership {
  readonly isIn: boolean;
  readonly sinceMs: number;
}

export function noteMembership({ members }: Memory, namespace: string, isIn: boolean, nowMs: number): void {
  if (members.get(namespace)?.isIn !== isIn) members.set(namespace, { isIn, sinceMs: nowMs });
}

export function createMemory(): Memory {
  return {
    rollouts: createRollouts(),
    restores: createRestores(),
    states: new Map(),
    injected: new Map(),
    rolled: new Map(),
    sdsKept: new Map(),
    members: new Map(),
    verified: new Map(),
    others: new OtherPods(),
  };
}

export function forget(memory: Memory, key: string): void {
  memory.rollouts.forget(key);
  memory.restores.forget(key);
  memory.states.delete(key);
  memory.injected.delete(key);
  memory.rolled.delete(key);
  memory.verified.delete(key);
  memory.others.forget(key);
}

/** Of namespaces that are not there any more. */
export function forgetOtherNamespaces(
  { members, sdsKept }: Memory,
  present: Pick<ReadonlyMap<string, unknown>, 'has'>,
): void {
  for (const known of [members, sdsKept])
    for (const namespace of known.keys()) if (!present.has(namespace)) known.delete(namespace);
}
