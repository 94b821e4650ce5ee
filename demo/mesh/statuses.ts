// The statuses the operator writes, as files: `state/status/<Kind>.<namespace>.<name>.yaml`.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { Condition, ProxyCounts } from '../../api/v1alpha1/common.ts';
import { waitFor } from '../process/wait.ts';

const Status = z.object({
  conditions: z.array(Condition).default([]),
  proxies: ProxyCounts.partial().optional(),
});
export type Status = z.infer<typeof Status>;
const StatusFile = z.object({ status: Status });

const policyFile = /^(TrafficPolicy|SecurityPolicy)\.([^.]+)\.(.+)\.yaml$/;

export interface PolicyRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What a condition has to say; of a generation after `after`. */
export interface Expectation {
  readonly condition: 'Accepted' | 'Programmed' | 'Ready';
  readonly status: 'True' | 'False';
  readonly reason?: string;
}

export class Statuses {
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(state: string, signal: AbortSignal) {
    this.#folder = join(state, 'status');
    this.#signal = signal;
  }

  /** The policies that have one. */
  async policies(): Promise<PolicyRef[]> {
    const files = await readdir(this.#folder).catch(() => []);
    return files.flatMap((file) => {
      const [, kind, namespace, name] = policyFile.exec(file) ?? [];
      if (kind === undefined || namespace === undefined || name === undefined) return [];
      return [{ kind, namespace, name }];
    });
  }

  /** undefined if the operator has not written any (or not a whole one). */
  async read(ref: PolicyRef): Promise<Status | undefined> {
    try {
      const text = await readFile(
        join(this.#folder, `${ref.kind}.${ref.namespace}.${ref.name}.yaml`),
        'utf8',
      );
      return StatusFile.safeParse(parse(text)).data?.status;
    } catch {
      return undefined;
    }
  }

  /** The generation that the status speaks of; 0 if there is none. */
  async generation(ref: PolicyRef): Promise<number> {
    const status = await this.read(ref);
    return Math.max(0, ...(status?.conditions.map((condition) => condition.observedGeneration) ?? []));
  }

  /** Resolves when the status of a generation after `after` says what is expected. @throws DemoError after 15 s. */
  async reached(ref: PolicyRef, after: number, expected: Expectation): Promise<Status> {
    let last: Status | undefined;
    const probe = async (): Promise<Status | undefined> => {
      last = await this.read(ref);
      return last !== undefined && says(last, after, expected) ? last : undefined;
    };
    return waitFor(probe, {
      what: `${ref.kind} ${ref.namespace}/${ref.name} to say ${expected.condition}=${expected.status}${expected.reason === undefined ? '' : ` (${expected.reason})`}`,
      deadlineMs: 15_000,
      everyMs: 5,
      signal: this.#signal,
      seen: () => `Its status says: ${last === undefined ? 'nothing yet' : describe(last)}`,
    });
  }

  /** Resolves when the object has no status any more. */
  async gone(ref: PolicyRef): Promise<void> {
    await waitFor(async () => ((await this.read(ref)) === undefined ? true : undefined), {
      what: `the status of ${ref.kind} ${ref.namespace}/${ref.name} to go`,
      deadlineMs: 15_000,
      signal: this.#signal,
    });
  }
}

export function conditionOf(status: Status | undefined, type: string): Condition | undefined {
  return status?.conditions.find((condition) => condition.type === type);
}

function says(status: Status, after: number, expected: Expectation): boolean {
  const condition = conditionOf(status, expected.condition);
  if (condition === undefined || condition.observedGeneration <= after) return false;
  if (expected.reason !== undefined && condition.reason !== expected.reason) return false;
  return condition.status === expected.status;
}

function describe(status: Status): string {
  return status.conditions
    .map((it) => `${it.type}=${it.status} ${it.reason} (generation ${it.observedGeneration}): ${it.message}`)
    .join(' | ');
}
