// Policies as files in the watched folder: `apply` and `remove` do what `kubectl apply` and `kubectl delete` would,
// and wait, as `kubectl wait` would, until the status tells that the proxies obey.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { policyTable, type PolicyRow } from '../screen/table.ts';
import { PolicyManifest, readPolicies } from './policy-files.ts';
import { conditionOf, type Expectation, type PolicyRef, type Status, type Statuses } from './statuses.ts';
import type { Workspace } from './workspace.ts';

export interface Applied {
  readonly ref: PolicyRef;
  /** The text of the file before; empty if there was none. */
  readonly before: string;
  readonly after: string;
  readonly status: Status;
  /** From the write of the file to the status that was waited for. */
  readonly tookMs: number;
}

export interface PolicyState {
  readonly row: PolicyRow;
  /** Conditions that are not True, in the operator's words. */
  readonly complaints: readonly string[];
}

export class Policies {
  readonly #workspace: Workspace;
  readonly #statuses: Statuses;
  readonly #firstSeenMs = new Map<string, number>();
  /** The TARGET of each when its document could last be read. */
  readonly #targets = new Map<string, string>();

  constructor(workspace: Workspace, statuses: Statuses) {
    this.#workspace = workspace;
    this.#statuses = statuses;
  }

  /** Writes the policy's file and waits for its status; by default for Programmed=True. */
  async apply(
    text: string,
    expected: Expectation = { condition: 'Programmed', status: 'True' },
  ): Promise<Applied> {
    const { kind, metadata } = PolicyManifest.parse(parse(text));
    const ref = { kind, ...metadata };
    const path = this.path(ref);
    const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const after = await this.#statuses.generation(ref);
    this.#firstSeen(ref, Date.now());
    const start = performance.now();
    this.#replace(path, text);
    const status = await this.#statuses.reached(ref, after, expected);
    return { ref, before, after: text, status, tookMs: performance.now() - start };
  }

  /** Takes the policy's file away and waits until the operator has taken notice. */
  async remove(ref: PolicyRef): Promise<void> {
    rmSync(this.path(ref));
    this.#firstSeenMs.delete(keyOf(ref));
    await this.#statuses.gone(ref);
  }

  /** Where `apply` keeps this policy. */
  path(ref: PolicyRef): string {
    return join(this.#workspace.mesh, `${ref.kind.toLowerCase()}-${ref.name}.yaml`);
  }

  /** The lines of `kubectl get trafficpolicies,securitypolicies`. */
  async table(now = Date.now()): Promise<string[]> {
    return policyTable((await this.states(now)).map(({ row }) => row));
  }

  async states(now: number): Promise<PolicyState[]> {
    const written = await readPolicies(this.#workspace.mesh);
    for (const { ref, target } of written) this.#targets.set(keyOf(ref), target);
    // A document with a mistake may no longer tell whose it is. The status of the policy does, and what is wrong.
    const known = [...written.map(({ ref }) => ref), ...(await this.#statuses.policies())];
    const refs = new Map(known.map((ref) => [keyOf(ref), ref]));
    return Promise.all([...refs.values()].map((ref) => this.#state(ref, now)));
  }

  async #state(ref: PolicyRef, now: number): Promise<PolicyState> {
    const status = await this.#statuses.read(ref);
    const row = {
      kind: ref.kind,
      name: ref.name,
      target: this.#targets.get(keyOf(ref)) ?? '',
      accepted: conditionOf(status, 'Accepted')?.status ?? '',
      programmed: conditionOf(status, 'Programmed')?.status ?? '',
      proxies: status?.proxies?.summary ?? '',
      ageMs: now - this.#firstSeen(ref, now),
    };
    const complaints = (status?.conditions ?? [])
      .filter((condition) => condition.status !== 'True')
      .map(
        (it) => `${ref.kind.toLowerCase()}/${ref.name} ${it.type}=${it.status} (${it.reason}): ${it.message}`,
      );
    return { row, complaints };
  }

  #firstSeen(ref: PolicyRef, now: number): number {
    const seen = this.#firstSeenMs.get(keyOf(ref)) ?? now;
    this.#firstSeenMs.set(keyOf(ref), seen);
    return seen;
  }

  /** In one step, as an editor does: the operator never sees half a file. */
  #replace(path: string, text: string): void {
    const draft = join(this.#workspace.root, 'draft.yaml');
    writeFileSync(draft, text);
    renameSync(draft, path);
  }
}

function keyOf(ref: PolicyRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}
