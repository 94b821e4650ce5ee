// The storm: what happens to the mesh, and the oracle that looks after every step. Entry: Storm.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reservePorts } from '../../../demo/process/ports.ts';
import { startApplication } from '../data-plane/applications.ts';
import { call } from '../data-plane/callers.ts';
import type { Closing } from '../data-plane/closing.ts';
import { poll } from '../kubernetes/poll.ts';
import { FilesOperator } from '../operator/files-operator.ts';
import { meshText, namespace, servers, trustDomain } from './mesh.ts';
import { documentOf, markOf, type Policy } from './policy.ts';
import { StormProxy } from './proxy.ts';

export interface Step {
  /** What happens, in percent. */
  readonly what: number;
  readonly policy: number;
  readonly target: number;
  readonly proxy: number;
  readonly pauseMs: number;
}

const slots = 6;
/** Of all Envoys at most one is disturbed at a time: with none that works nothing would ever be True. */
type Disturbance = { readonly proxy: StormProxy; readonly end: () => Promise<void> };

export class Storm {
  readonly violations: string[] = [];
  /** claims: statuses that said True and were looked into. requests: those that were made for it. */
  readonly counts = { steps: 0, claims: 0, requests: 0, edits: 0, deletions: 0, restarts: 0, refusals: 0 };
  readonly #operator: FilesOperator;
  readonly #proxies: readonly StormProxy[];
  /** Server → where its sidecar listens. */
  readonly #ports: ReadonlyMap<string, number>;
  readonly #policies: (Policy | null)[] = Array.from({ length: slots }, () => null);
  #created = 0;
  #disturbance: Disturbance | null = null;

  private constructor(
    operator: FilesOperator,
    proxies: readonly StormProxy[],
    ports: ReadonlyMap<string, number>,
  ) {
    this.#operator = operator;
    this.#proxies = proxies;
    this.#ports = ports;
  }

  static async start(root: string, closing: Closing): Promise<Storm> {
    const block = await reservePorts(servers.length * 2 + 1);
    closing.add(() => block.release());
    const xdsPort = block.take();
    // Checked by Envoy alone, so that it has something to refuse.
    const operator = await FilesOperator.in(root, [
      '--xds-address',
      `127.0.0.1:${xdsPort}`,
      '--skip-check',
      're2',
      '--deletion-grace',
      '200ms',
      '--log-level',
      'warn',
    ]);
    const application = await startApplication('storm', closing);
    const ports = new Map(servers.map((name) => [name, block.take()]));
    await operator.put(
      'mesh.yaml',
      meshText(ports, application, () => block.take()),
    );
    await operator.start();
    closing.add(() => operator.kill());
    const options = { state: operator.state, xdsPort, namespace, trustDomain };
    const proxies = await Promise.all(
      [...servers, 'caller'].map((name) =>
        StormProxy.start({ ...options, name, dir: join(root, name) }, closing),
      ),
    );
    return new Storm(operator, proxies, ports);
  }

  async play({ what, policy, target, proxy, pauseMs }: Step): Promise<void> {
    this.counts.steps += 1;
    const slot = policy % slots;
    const server = servers[target % servers.length] ?? '';
    if (what < 55) await this.#edit(slot, server, what % 6 === 0);
    else if (what < 65) await this.#delete(slot);
    else if (what < 70) await this.#restartOperator();
    else await this.#disturb(what, this.#proxies[proxy % this.#proxies.length]);
    await this.#look();
    await sleep(pauseMs);
    await this.#look();
  }

  /** Ends what disturbs, and waits until everything that is no mistake is True. */
  async calm(): Promise<void> {
    await this.#disturbance?.end();
    this.#disturbance = null;
    // Of those with the same target the oldest is in force.
    const taken = new Set<string>();
    for (const [slot, policy] of this.#policies.entries()) {
      const place = policy && `${policy.kind} ${policy.target}`;
      // oxlint-disable-next-line no-await-in-loop -- in order
      if (place !== null && (policy?.isRefused === true || taken.has(place))) await this.#delete(slot);
      else if (place !== null) taken.add(place);
    }
    const late = async (): Promise<true | undefined> => {
      const states = await Promise.all(this.#policies.map(async (it) => it === null || this.#isTrue(it)));
      return states.every(Boolean) || undefined;
    };
    await poll(late, { intervalMs: 100, deadlineMs: 120_000 }).catch(async () => {
      const said = this.#policies.map(async (it) => it && [it.name, (await this.#programmed(it))?.message]);
      this.violations.push(`not True in the end: ${JSON.stringify(await Promise.all(said))}`);
    });
    // Or nothing would be asked of one that never is.
    await Promise.all(this.#proxies.map((proxy) => proxy.ready()));
    await this.#look();
  }

  async #edit(slot: number, target: string, isRefused: boolean): Promise<void> {
    const before = this.#policies[slot] ?? null;
    // Edits that the operator did not see one by one would count as one generation.
    if (before !== null && (await this.#programmed(before))?.observedGeneration !== before.generation) return;
    const kind = slot % 2 === 0 ? 'TrafficPolicy' : 'SecurityPolicy';
    const fresh = { kind, name: `p${this.#created}`, generation: 0 } as const;
    if (before === null) this.#created += 1;
    const { name, generation } = before ?? fresh;
    const next = {
      kind,
      name,
      target,
      generation: generation + 1,
      isRefused: isRefused && slot % 2 === 0,
    } as const;
    this.#policies[slot] = next;
    this.counts.edits += 1;
    if (next.isRefused) this.counts.refusals += 1;
    await this.#operator.put(`slot-${slot}.yaml`, documentOf(next));
  }

  async #delete(slot: number): Promise<void> {
    if (this.#policies[slot] === null) return;
    this.#policies[slot] = null;
    this.counts.deletions += 1;
    await this.#operator.remove(`slot-${slot}.yaml`);
  }

  async #restartOperator(): Promise<void> {
    await this.#operator.kill();
    await this.#operator.start();
    this.counts.restarts += 1;
  }

  async #disturb(what: number, proxy: StormProxy | undefined): Promise<void> {
    if (this.#disturbance !== null || proxy === undefined) {
      await this.#disturbance?.end();
      this.#disturbance = null;
      return;
    }
    if (what < 78) this.#disturbance = { proxy, end: await proxy.freeze() };
    else if (what < 86) this.#disturbance = { proxy, end: proxy.cut() };
    else if (what < 94) this.#disturbance = { proxy, end: proxy.stall() };
    else await proxy.restart();
  }

  async #programmed(
    policy: Policy,
  ): Promise<{ status: string; observedGeneration: number; message: string } | undefined> {
    const { kind, name } = policy;
    return (await this.#operator.conditions({ kind, namespace, name }))?.['Programmed'];
  }

  async #isTrue(policy: Policy): Promise<boolean> {
    const said = await this.#programmed(policy);
    return said?.status === 'True' && said.observedGeneration === policy.generation;
  }

  /** The oracle. Nothing is edited while it looks. */
  async #look(): Promise<void> {
    await Promise.all(
      this.#policies.map(async (it) => it !== null && (await this.#isTrue(it)) && this.#check(it)),
    );
  }

  async #check(policy: Policy): Promise<void> {
    this.counts.claims += 1;
    await Promise.all(this.#proxies.map((proxy) => this.#checkDump(policy, proxy)));
    if (policy.kind === 'SecurityPolicy') await this.#checkRequests(policy);
  }

  async #checkDump(policy: Policy, proxy: StormProxy): Promise<void> {
    const dump = await proxy.dump();
    if (dump === null) return;
    const found = [...dump.text.matchAll(new RegExp(`mark-${policy.name}-g(\\d+)-`, 'g'))].map((it) =>
      Number(it[1]),
    );
    const earlier = found.filter((generation) => generation !== policy.generation);
    const where = policy.kind === 'TrafficPolicy' ? 'caller' : policy.target;
    const lacks = proxy.name === where && !dump.isFresh && found.length === 0;
    if (earlier.length === 0 && !lacks) return;
    const runs = lacks ? 'nothing of it' : `generation ${earlier[0]}`;
    this.violations.push(
      `${policy.name} is True at generation ${policy.generation}, but ${proxy.name} runs ${runs}`,
    );
  }

  /** What the generation denies is denied, and what the one before denied is not, wherever it stood. */
  async #checkRequests(policy: Policy): Promise<void> {
    const running = this.#proxies.filter((it) => this.#ports.has(it.name) && it.isAnswering());
    const ask = async (proxy: StormProxy, generation: number): Promise<number | null> => {
      const path = `/${markOf({ ...policy, generation })}`;
      this.counts.requests += 1;
      return call(this.#ports.get(proxy.name) ?? 0, { path }).then(
        ({ status }) => status,
        () => null,
      );
    };
    await Promise.all(
      running.map(async (proxy) => {
        const [now, before] = await Promise.all([
          ask(proxy, policy.generation),
          ask(proxy, policy.generation - 1),
        ]);
        const isWrong = (proxy.name === policy.target && now === 200) || before === 403;
        if (isWrong)
          this.violations.push(
            `${policy.name}@${policy.generation} is True, but ${proxy.name} answered ${now}, ${before}`,
          );
      }),
    );
  }
}
