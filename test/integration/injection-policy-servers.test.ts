// Several API servers behind one address: each looks at its policies by itself, once a second, and the operator says that pods get sidecars, and restarts what has
// others, only when they do at each of them. And API servers whose gate is off.
import { setInterval } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ApiClient, type ApiCaller } from '../../operator/platform/kubernetes/http/api-client.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';
import { loadKubeConfig } from '../../operator/platform/kubernetes/http/kube-config.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { installPolicies, meshedNamespace, mustKubectl } from '../support/injection-policies.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes.ts';
import { findNewest } from '../support/kubernetes/assets.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { startTcpProxy } from '../support/kubernetes/tcp-proxy.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';

const newest = await findNewest();
if (!newest.found) process.stderr.write(`NOT RUN: ${newest.reason}\n`);
const suite = newest.found ? describe : describe.skip;

const slow = { intervalMs: 200, deadlineMs: 60_000 };
const xds = ['--sidecar-xds', 'meshwright.example:15012'];
/** Often enough to see each of an API server's looks at its policies. */
const sampleMs = 50;
/** There are no nodes, so that all of them could make keys. */
const certificates = { delivery: 'Secret' };

/** What the operator logs when it begins to count on a policy. */
const Counting = z.object({
  type: z.literal('Policy'),
  revision: z.string(),
  time: z.string().transform((time) => Date.parse(time)),
});
const Made = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }) });

interface Sample {
  readonly atMs: number;
  /** undefined: the pod has no sidecar. */
  readonly revision: string | undefined;
}

/** What becomes of pods that are made at an API server, one after the other, and not kept. */
class Sampling {
  readonly samples: Sample[] = [];
  readonly #api: ApiCaller;
  #isOn = true;
  readonly #ended: Promise<void>;

  constructor(api: ApiCaller) {
    this.#api = api;
    this.#ended = this.#run();
  }

  async end(): Promise<void> {
    this.#isOn = false;
    await this.#ended;
  }

  /** Those that were asked for after that time. */
  since(atMs: number): readonly (string | undefined)[] {
    return this.samples.filter((sample) => sample.atMs > atMs).map(({ revision }) => revision);
  }

  async #run(): Promise<void> {
    for await (const _ of setInterval(sampleMs)) {
      if (!this.#isOn) return;
      const atMs = Date.now();
      this.samples.push({ atMs, revision: await revisionOfNew(this.#api) });
    }
  }
}

async function revisionOfNew(api: ApiCaller): Promise<string | undefined> {
  const answer = await api.call({
    method: 'POST',
    path: '/api/v1/namespaces/shop/pods',
    query: { dryRun: 'All' },
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'tried-', namespace: 'shop' },
      spec: { containers: [{ name: 'app', image: 'app:1' }] },
    },
  });
  return Made.parse(answer).metadata.labels['meshwright.dev/revision'];
}

function reasonOf(server: ApiServer): Promise<string> {
  const path = '{.status.conditions[?(@.type=="InjectionReady")].reason}';
  return mustKubectl(server, ['get', 'mesh', 'default', '-o', `jsonpath=${path}`]);
}

suite('two API servers behind one address', () => {
  const closing = new Closing();
  let server: ApiServer;
  let operator: OperatorProcess;
  let apis: readonly ApiClient[];

  const kubectl = (args: readonly string[], ...documents: readonly object[]): Promise<string> =>
    mustKubectl(server, args, ...documents);

  beforeAll(async () => {
    server = await startApiServer('newest');
    closing.add(() => server.stop());
    const other = await server.startAnother();
    const balancer = await startTcpProxy([server.port, other.port]);
    closing.add(() => balancer.stop());
    apis = [server.kubeconfigPath, other.kubeconfigPath].map(
      (path) => new ApiClient({ kubeConfig: loadKubeConfig({ path }), clock: systemJitteredClock }),
    );
    const kubeconfigPath = await installPolicies(server, { port: balancer.port });
    await kubectl(['apply', '-f', '-'], meshedNamespace);
    operator = await startOperator({ kubeconfigPath, args: xds });
    closing.add(() => operator.stop());
  });
  afterAll(() => closing.close());

  /** When the operator began to count on the policy, and on which revision of it; undefined: not yet, or not on another one than `before`. */
  const counting = (before?: string): Promise<{ readonly atMs: number; readonly revision: string }> =>
    poll(async () => {
      const said = (await operator.log()).findLast(({ msg }) => msg === 'injection policy');
      const found = Counting.safeParse(said);
      if (!found.success || found.data.revision === before) return undefined;
      return { atMs: found.data.time, revision: found.data.revision };
    }, slow);
  /** So many more pods at each of them. */
  const someMore = async (of: readonly Sampling[], count = 21): Promise<void> => {
    const had = of.map(({ samples }) => samples.length);
    await poll(
      async () =>
        of.every(({ samples }, at) => samples.length >= (had[at] ?? 0) + count) ? true : undefined,
      slow,
    );
  };

  test('when the operator says that pods get sidecars, they get them from each; a change likewise', async () => {
    const sampling = apis.map((api) => new Sampling(api));
    // An answer of before the Mesh.
    await someMore(sampling, 1);
    await kubectl(['apply', '-f', '-'], mesh({ certificates }));
    const first = await counting();
    await someMore(sampling);
    const patch = JSON.stringify({ spec: { sidecar: { drain: '7s' } } });
    await kubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
    const second = await counting(first.revision);
    await someMore(sampling);
    await Promise.all(sampling.map((one) => one.end()));

    for (const one of sampling) {
      expect(one.samples[0]?.revision).toBeUndefined();
      expect([...new Set(one.since(second.atMs))]).toEqual([second.revision]);
      // Some get the next sidecar before the operator counts on it, but none a former one, and none comes without.
      expect([...new Set(one.since(first.atMs))]).toEqual([first.revision, second.revision]);
    }
    // A status is written a moment after the log.
    await poll(async () => ((await reasonOf(server)) === 'Policy' ? true : undefined), slow);
  });
});

suite('an API server whose gate is off', () => {
  const closing = new Closing();
  afterAll(() => closing.close());

  test('serves policies and does not run them: the operator finds out, and adds sidecars to templates', async () => {
    const server = await startApiServer('newest', ['--feature-gates=MutatingAdmissionPolicy=false']);
    closing.add(() => server.stop());
    const kubeconfigPath = await installPolicies(server);
    await mustKubectl(
      server,
      ['apply', '-f', '-'],
      meshedNamespace,
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } },
      mesh({ certificates }),
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'app', image: 'app:1' }] },
          },
        },
      },
    );
    const operator = await startOperator({ kubeconfigPath, args: xds });
    closing.add(() => operator.stop());

    const path = '{.spec.template.spec.initContainers[*].name}';
    const get = ['get', 'deployment', 'web', '-n', 'shop', '-o', `jsonpath=${path}`];
    await poll(
      async () => ((await mustKubectl(server, get)) === 'mw-init mw-proxy' ? true : undefined),
      slow,
    );
    expect(
      await poll(async () => ((await reasonOf(server)) === '' ? undefined : reasonOf(server)), slow),
    ).toBe('PolicyNotRun');
  });
});
