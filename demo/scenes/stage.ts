// What scenes play on: the running mesh, and the screen that shows what they do to it.
import { basename } from 'node:path';
import type { OperatorProcess } from '../mesh/operator.ts';
import type { Applied, Policies } from '../mesh/policies.ts';
import type { Sidecar } from '../mesh/sidecar.ts';
import type { Workload } from '../mesh/workloads.ts';
import { conditionOf, type Expectation, type PolicyRef } from '../mesh/statuses.ts';
import { waitFor } from '../process/wait.ts';
import { diffLines } from '../screen/diff.ts';
import type { Screen } from '../screen/screen.ts';
import { call, callMany, type Headers, type Reply } from '../traffic/call.ts';
import { SteadyTraffic } from '../traffic/steady.ts';

export interface StageParts {
  readonly screen: Screen;
  readonly policies: Policies;
  readonly operator: OperatorProcess;
  readonly workloads: readonly Workload[];
  /** By name of the workload. */
  readonly sidecars: ReadonlyMap<string, Sidecar>;
  readonly secretsFolder: (workload: Workload) => string;
  readonly signal: AbortSignal;
}

export class Stage {
  readonly parts: StageParts;
  readonly screen: Screen;

  constructor(parts: StageParts) {
    this.parts = parts;
    this.screen = parts.screen;
  }

  /** Writes a policy, shows what changed in its file, and waits for its status (default: Programmed=True). */
  async apply(text: string, expected?: Expectation): Promise<Applied> {
    const applied = await this.parts.policies.apply(text, expected);
    this.screen.edit(
      `mesh/${basename(this.parts.policies.path(applied.ref))}`,
      diffLines(applied.before, applied.after),
    );
    this.screen.fact(statusLine(applied));
    return applied;
  }

  /** The same without a word, for scenes that edit many times. */
  async applyQuietly(text: string): Promise<Applied> {
    return this.parts.policies.apply(text);
  }

  /** Takes a policy away and waits until every sidecar has forgotten it: there is no status left to tell. */
  async remove(ref: PolicyRef): Promise<void> {
    const { operator, policies, signal } = this.parts;
    const before = await operator.convergence();
    await policies.remove(ref);
    const probe = async (): Promise<true | undefined> =>
      (await operator.convergence()).count > before.count ? true : undefined;
    const what = `every sidecar to forget ${ref.kind} ${ref.namespace}/${ref.name}`;
    await waitFor(probe, { what, deadlineMs: 15_000, signal });
    this.screen.edit(`mesh/${basename(policies.path(ref))} deleted`, []);
  }

  /** What `kubectl get` would print now. */
  async table(): Promise<void> {
    this.screen.table(await this.parts.policies.table());
  }

  /** One call by the visitor, through its own sidecar. */
  visit(service: string, headers: Headers = {}): Promise<Reply> {
    return call(this.portTo(service), headers);
  }

  visitMany(count: number, service: string, headers: Headers = {}): Promise<Reply[]> {
    return callMany(count, () => {
      this.parts.signal.throwIfAborted();
      return this.visit(service, headers);
    });
  }

  /** Calls of the product page in the background, with this pause between them. */
  startTraffic(pauseMs?: number): SteadyTraffic {
    return SteadyTraffic.start(() => this.visit('productpage'), this.parts.signal, pauseMs);
  }

  sidecar(workload: string): Sidecar {
    const sidecar = this.parts.sidecars.get(workload);
    if (sidecar === undefined) throw new Error(`there is no workload ${workload}`);
    return sidecar;
  }

  /** Where the visitor's sidecar takes calls to a service. */
  portTo(service: string): number {
    const port = this.parts.workloads.find(({ name }) => name === 'visitor')?.outbound.get(service);
    if (port === undefined) throw new Error(`the visitor does not call ${service}`);
    return port;
  }
}

function statusLine({ status, tookMs }: Applied): string {
  const programmed = conditionOf(status, 'Programmed');
  const accepted = conditionOf(status, 'Accepted');
  const said = accepted?.status === 'True' ? programmed : accepted;
  if (said === undefined) return `It took ${tookMs.toFixed(0)} ms.`;
  const proxies = said.type === 'Programmed' ? `, ${status.proxies?.summary ?? '0/0'} proxies` : '';
  const words = said.status === 'True' ? '' : `: ${said.message}`;
  return `${said.type}=${said.status}${said.status === 'True' ? '' : ` (${said.reason})`} after ${tookMs.toFixed(0)} ms${proxies}${words}`;
}
