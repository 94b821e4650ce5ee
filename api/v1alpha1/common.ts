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
    type: z.string().max(64).describe('What the condition is about, for example Programmed.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
    observedGeneration: z
      .int()
      .min(0)
      .describe('The metadata.generation this condition was computed from; kubectl wait honours it.'),
    lastTransitionTime: z.iso.datetime().describe('When status last changed.'),
    reason: z.string().max(256).describe('One CamelCase word for programs.'),
    message: z.string().max(32_768).describe('A sentence for people.'),
  })
  .describe('One fact about the object.');
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
      .describe('Proxies that obey this generation of the object, and nothing of an earlier one.'),
    total: z.int().min(0).describe('Proxies that this object concerns, or concerned before.'),
    summary: z.string().max(32).describe('programmed/total, for the printer column.'),
  })
  .describe('How many of the concerned proxies obey this object.');
export type ProxyCounts = z.infer<typeof ProxyCounts>;

/** The status of TrafficPolicy, SecurityPolicy and ExternalWorkload. */
export const PolicyStatus = z
  .object({
    conditions: conditions(
      'Accepted: it is valid and has a target. ResolvedRefs: what it names exists. Overridden: other objects decide some or all of what it asks for; absent if there are none. Programmed: every proxy concerned obeys it as it is now.',
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
