// `make bench S=pods`: how long the creation of a pod takes: bare, with the sidecar in its spec, and with the one that the API server adds by the policy. In turns,
// on the newest API server, with the policy of the operator as it is shipped. See README.md.
import { z } from 'zod';
import { ApiClient } from '../../operator/platform/kubernetes/http/api-client.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';
import { loadKubeConfig } from '../../operator/platform/kubernetes/http/kube-config.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { installPolicies, meshedNamespace, mustKubectl } from '../support/injection-policies.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';
import { type Figures, rowsOf } from './figures.ts';
import { quantile } from './protocol.ts';
import { tableOf } from './table.ts';

const bareNamespace = 'bare';
const meshed = meshedNamespace.metadata.name;
/** Before the first that counts: the API server compiles the policy, and connections are made. */
const warmUps = 20;
const bareSpec = { containers: [{ name: 'app', image: 'app:1' }] };

const Pod = z.object({
  metadata: z.object({ labels: z.unknown().optional(), annotations: z.unknown().optional() }),
  spec: z.looseObject({ initContainers: z.array(z.unknown()).optional() }),
});

interface Kind {
  readonly name: string;
  readonly namespace: string;
  readonly metadata: object;
  readonly spec: object;
}

/** rounds: so many pods of each. */
export async function benchPods(rounds: number): Promise<void> {
  const closing = new Closing();
  try {
    const server = await startApiServer('newest');
    closing.add(() => server.stop());
    const api = new ApiClient({
      kubeConfig: loadKubeConfig({ path: server.kubeconfigPath }),
      clock: systemJitteredClock,
    });
    await startMesh(server, closing);
    const kinds = await kindsOf(api);
    await createInTurns(api, kinds, warmUps);
    const times = await createInTurns(api, kinds, rounds);
    process.stdout.write(tableOf(`Creation of a pod, ${rounds} of each kind in turns`, rowsFor(times)));
  } finally {
    await closing.close();
  }
}

async function startMesh(server: ApiServer, closing: Closing): Promise<void> {
  const kubeconfigPath = await installPolicies(server);
  const bare = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: bareNamespace } };
  const certificates = { delivery: 'Secret' };
  await mustKubectl(server, ['apply', '-f', '-'], meshedNamespace, bare, mesh({ certificates }));
  const operator = await startOperator({
    kubeconfigPath,
    args: ['--sidecar-xds', 'meshwright.example:15012'],
  });
  closing.add(() => operator.stop());
}

/** As soon as the API server adds sidecars. */
async function kindsOf(api: ApiClient): Promise<readonly Kind[]> {
  const byPolicy = { name: 'by policy', namespace: meshed, metadata: {}, spec: bareSpec };
  const { metadata, spec } = await poll(
    async () => {
      const pod = Pod.parse(await api.call(requestOf(byPolicy, { dryRun: 'All' })));
      return pod.spec.initContainers === undefined ? undefined : pod;
    },
    { intervalMs: 100, deadlineMs: 60_000 },
  );
  return [
    { ...byPolicy, name: 'bare', namespace: bareNamespace },
    { name: 'sidecar in its spec', namespace: bareNamespace, metadata, spec },
    byPolicy,
  ];
}

function requestOf(
  { namespace, metadata, spec }: Kind,
  query: Readonly<Record<string, string>>,
): Parameters<ApiClient['call']>[0] {
  const { labels, annotations } = metadata as { labels?: unknown; annotations?: unknown };
  return {
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/pods`,
    query,
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'pod-', namespace, labels, annotations },
      spec,
    },
  };
}

/** By kind, what each creation took, in ms. */
async function createInTurns(
  api: ApiClient,
  kinds: readonly Kind[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(kinds.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const kind of kinds) {
      const start = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- in turns
      await api.call(requestOf(kind, {}));
      times.get(kind.name)?.push(performance.now() - start);
    }
  return times;
}

function rowsFor(times: ReadonlyMap<string, readonly number[]>): Parameters<typeof tableOf>[1] {
  return [...times].flatMap(([scenario, values]) => {
    const figures: Figures = { 'p50 ms': quantile(values, 0.5), 'p90 ms': quantile(values, 0.9) };
    return rowsOf([figures]).map((row) => ({ ...row, scenario, target: undefined }));
  });
}
