// What the kinds of meshwright.dev/v1alpha1 share: group, version, conditions, status of a policy.
import { z } from 'zod';
import type { ObjectMeta } from '../metadata.ts';
import { listMap } from '../schema.ts';

export const group = 'meshwright.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;

/** The operator's own service account, of which sidecars and other operators believe that they speak to the operator. */
export const operatorServiceAccount = 'meshwright-operator';

/** @see https://gateway-api.sigs.k8s.io/geps/gep-1364/ and metav1.Condition */
export const Condition = z
  .object({
    type: z.string().max(64).describe('Type of the condition, such as Programmed.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('True, False or Unknown.'),
    observedGeneration: z
      .int()
      .min(0)
      .describe('The metadata.generation that this condition was computed from. kubectl wait respects it.'),
    lastTransitionTime: z.iso.datetime().describe('Last time the status of this condition changed.'),
    reason: z.string().max(256).describe('Reason for the status, one CamelCase word for programs.'),
    message: z.string().max(32_768).describe('Explanation for people.'),
  })
  .describe('A condition of the object.');
export type Condition = z.infer<typeof Condition>;

/** Conditions, at most one of a type: writers may each own some, by server-side apply. */
export function conditions(description: string): z.ZodArray<typeof Condition> {
  return listMap(z.array(Condition).max(16).describe(description), 'type');
}

/** How many of the concerned proxies obey the present generation. */
export const ProxyCounts = z
  .object({
    programmed: z
      .int()
      .min(0)
      .describe('Proxies that obey this generation of the object and nothing of an earlier one.'),
    total: z.int().min(0).describe('Proxies that this object applies to, or applied to before.'),
    summary: z.string().max(32).describe('programmed/total, for the printer column.'),
  })
  .describe('How many of the proxies that this object applies to obey it.');
export type ProxyCounts = z.infer<typeof ProxyCounts>;

/** The status of TrafficPolicy, SecurityPolicy and ExternalWorkload. */
export const PolicyStatus = z
  .object({
    conditions: conditions(
      'Accepted: the object is valid and has a target. ResolvedRefs: everything it refers to exists. Overridden: other objects override some or all of it; absent if none does. Warning: the object is in effect, but probably does not do what you intended; absent if there is nothing to warn of. Programmed: every proxy that the object applies to obeys its current generation.',
    ),
    proxies: ProxyCounts.optional(),
  })
  .describe('Written by Meshwright.');
export type PolicyStatus = z.infer<typeof PolicyStatus>;

/** An object as parsed: defaults filled in. */
export interface ApiObject<K extends string, S, T> {
  readonly apiVersion: typeof apiVersion;
  readonly kind: K;
  readonly metadata: ObjectMeta;
  readonly spec: S;
  readonly status?: T;
}
