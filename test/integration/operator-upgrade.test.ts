// Another version of the operator, which renders sidecars differently: it restarts nobody by itself, and pods that are made for another reason get its rendering. On
// both ways: by the API server, and by templates.
import { afterAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { installPolicies, meshedNamespace, mustKubectl, rollOut } from '../support/injection-policies.ts';
import { type ApiServer, apiServerAvailable, startApiServer } from '../support/kubernetes.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';

const slow = { intervalMs: 200, deadlineMs: 60_000 };
const args = ['--sidecar-xds', 'meshwright.example:15012'];
/** What the sidecars of the other version are started with as well. */
const flag = '--skip-hot-restart-parent-stats';
const known = '"--disable-hot-restart"';

function otherVersion(program: string): string {
  if (!program.includes(known)) throw new Error(`the operator starts no sidecar with ${known}`);
  return program.replaceAll(known, `${known}, "${flag}"`);
}

const container = { name: 'app', image: 'app:1' };
const deployment = (name: string, namespace = 'shop'): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [container] } },
  },
});

for (const version of ['usual', 'newest'] as const) {
  const cluster = await apiServerAvailable(version);
  if (!cluster.available) process.stderr.write(`NOT RUN: ${cluster.reason}\n`);

  (cluster.available ? describe : describe.skip)(
    `another version of the operator, ${version} Kubernetes`,
    () => {
      const closing = new Closing();
      let server: ApiServer;
      let kubeconfigPath: string;
      afterAll(() => closing.close());

      const kubectl = (all: readonly string[], ...documents: readonly object[]): Promise<string> =>
        mustKubectl(server, all, ...documents);
      const start = async (edit?: (program: string) => string): Promise<OperatorProcess> => {
        const operator = await startOperator({ kubeconfigPath, args, ...(edit && { edit }) });
        closing.add(() => operator.stop());
        await operator.ready();
        return operator;
      };
      const jsonOf = async (name: string, namespace = 'shop'): Promise<string> =>
        await kubectl(['get', 'deployment', name, `--namespace=${namespace}`, '--output=json']);
      const generationOf = async (name: string, namespace?: string): Promise<unknown> =>
        (JSON.parse(await jsonOf(name, namespace)) as { metadata: { generation: unknown } }).metadata
          .generation;
      /** Of a pod that is made now, as its Deployment would, and not kept. */
      const pod = async (name: string): Promise<string> => {
        const { spec } = JSON.parse(await jsonOf(name)) as {
          spec: { template: { metadata: object; spec: object } };
        };
        const { metadata, ...rest } = spec.template;
        const document = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { ...metadata, name, namespace: 'shop' },
          ...rest,
        };
        return await kubectl(['create', '--dry-run=server', '--output=json', '--filename=-'], document);
      };
      /** Its pod was made when its namespace was not in the mesh yet. */
      const leaveBare = async (namespace: string): Promise<void> => {
        const metadata = { name: namespace };
        await kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata });
        await kubectl(
          ['apply', '-f', '-', '-n', namespace],
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
          deployment('web', namespace),
        );
        await rollOut(server, namespace, 'web');
        await kubectl(['label', 'namespace', namespace, 'meshwright.dev/mesh=enabled']);
      };
      const untilMeshed = (name: string): Promise<true> =>
        poll(async () => ((await pod(name)).includes('mw-proxy') ? true : undefined), slow);

      test('restarts nobody, and its sidecars come with the next pods', async () => {
        server = await startApiServer(version);
        closing.add(() => server.stop());
        kubeconfigPath = await installPolicies(server, { withPolicies: version === 'newest' });
        await kubectl(
          ['apply', '--filename=-'],
          meshedNamespace,
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } },
          mesh({ certificates: { delivery: 'Secret' } }),
          deployment('web'),
        );
        const operator = await start();
        await untilMeshed('web');
        await rollOut(server, 'shop', 'web');
        const before = { generation: await generationOf('web'), revision: revisionIn(await pod('web')) };
        await operator.terminate();
        await leaveBare('late');

        await start(otherVersion);
        await kubectl(['apply', '--filename=-'], deployment('new'));
        await poll(async () => ((await pod('new')).includes(flag) ? true : undefined), slow);
        // It has looked at all workloads by now: one has a pod without a sidecar.
        await poll(async () => ((await generationOf('web', 'late')) === 2 ? true : undefined), slow);

        expect({ generation: await generationOf('web'), revision: revisionIn(await pod('web')) }).toEqual(
          before,
        );
        expect(revisionIn(await pod('new'))).toBe(before.revision);
        // In a template the sidecar is as it was; the API server renders each pod anew.
        expect((await pod('web')).includes(flag)).toBe(version === 'newest');
      });
    },
  );
}

function revisionIn(pod: string): string | undefined {
  const { metadata } = JSON.parse(pod) as { metadata: { labels: Readonly<Record<string, string>> } };
  return metadata.labels['meshwright.dev/revision'];
}
