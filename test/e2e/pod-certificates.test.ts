// Sidecars by the API server and pod certificates on real pods: a cluster with the newest API server and kubelet, and an operator without rights on Secrets of
// other namespaces.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { clusterAvailable } from '../cluster/prepare.ts';
import { findNewestPrograms } from '../cluster/programs.ts';
import { callerIn, callFrom, Outcome, startLoad } from './library/calls.ts';
import {
  clientIdentity,
  clientInside,
  clientOutside,
  inside,
  serverUrl,
  isMeshed,
  setMtls,
  setStage,
  stageWorkloads,
} from './library/stage.ts';
import { Figures } from './library/figures.ts';
import { released } from './library/target.ts';
import { mesh, podSpec, workload } from './library/workloads.ts';
import { isReady, ownNamespace, startNewestWorld, type Pod, type World } from './library/world.ts';
import { zeroLoss } from './topics/zero-loss.ts';

const cluster = await clusterAvailable();
const isBuilt = (await findNewestPrograms()) !== undefined;
if (!cluster.available) process.stderr.write(`NOT RUN: ${cluster.reason}\n`);
else if (!isBuilt) process.stderr.write('NOT RUN: the newest Kubernetes is not built yet.\n');

const Certificates = z.object({
  certificates: z.array(z.object({ cert_chain: z.array(z.object({ serial_number: z.string() })) })),
});
const injected = '{.status.conditions[?(@.type=="Injected")].status}';
const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'ask', namespace: inside },
  spec: {
    template: {
      metadata: { labels: { app: 'ask' } },
      spec: {
        ...podSpec({ namespace: inside, name: 'client', run: ['call', serverUrl] }),
        restartPolicy: 'Never',
      },
    },
  },
};
/** It carries the load, so its pod stays when the others are replaced. */
const loader = workload({
  namespace: inside,
  name: 'loader',
  kind: 'StatefulSet',
  run: ['idle'],
  spec: { updateStrategy: { type: 'OnDelete' } },
});

const readCertificates = `
  const answer = await fetch('http://127.0.0.1:15000/certs');
  console.log(await answer.text());`;

(cluster.available && isBuilt ? describe : describe.skip)(
  'sidecars by the API server and pod certificates, on real pods',
  () => {
    let world: World;
    const figures = new Figures();
    const jsonpath = (path: string, ...of: readonly string[]): Promise<string> =>
      world.mustKubectl(['get', ...of, `--output=jsonpath=${path}`]);
    const untilInjectionBy = async (reason: 'Policy' | 'Template'): Promise<void> => {
      const path = '{.status.conditions[?(@.type=="InjectionReady")].reason}';
      await world.until(async () =>
        (await jsonpath(path, 'mesh', 'default')) === reason ? true : undefined,
      );
    };
    /** How often containers of ours were started again; pods that have ended meanwhile do not count. */
    const restarts = async (): Promise<readonly string[]> => {
      const path = '{.items[*].status.initContainerStatuses[*].restartCount}';
      const counts = await jsonpath(path, 'pods', `--namespace=${inside}`);
      return counts.split(' ').filter((count) => count !== '0');
    };
    /** Of the leaf certificates that the sidecar of the server has in use. */
    const serials = async (): Promise<readonly string[]> => {
      const exec = ['exec', 'deployment/server', `--namespace=${inside}`, '--container=app', '--'];
      const text = await world.mustKubectl([
        ...exec,
        'node',
        '--input-type=module',
        '--eval',
        readCertificates,
      ]);
      const all = Certificates.parse(JSON.parse(text)).certificates;
      return [...new Set(all.flatMap(({ cert_chain: [leaf] }) => leaf?.serial_number ?? []))];
    };

    beforeAll(async () => {
      world = await startNewestWorld();
      await world.apply(mesh());
      await untilInjectionBy('Policy');
      await setStage(world);
    }, 600_000);
    afterAll(async () => {
      process.stderr.write(`Measured with the newest Kubernetes:\n${figures.text()}`);
      await (world as World | undefined)?.stop();
    }, 120_000);

    test('a Deployment has one ReplicaSet, whose pods have sidecars from birth; what users wrote is as they wrote it', async () => {
      const sets = await jsonpath('{.items[*].metadata.name}', 'replicasets', `--namespace=${inside}`);
      const generations = await jsonpath(
        '{.items[*].metadata.generation}',
        'deployments',
        `--namespace=${inside}`,
      );

      expect(sets.split(' ')).toHaveLength(2);
      expect(generations).toBe('1 1');
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: stageWorkloads() });
      const diff = await world.kubectl(
        ['diff', '--filename=-'],
        list.replaceAll(released.node, world.images.node),
      );
      expect([diff.code, diff.stdout]).toEqual([0, '']);
      await world.until(async () =>
        (await jsonpath(injected, 'mesh', 'default')) === 'True' ? true : undefined,
      );
    });

    test('two workloads speak strict mutual TLS, and who has no sidecar is refused', async () => {
      await setMtls(world, 'Strict');

      expect(callerIn(await callFrom(world, clientInside, serverUrl))).toBe(clientIdentity);
      expect((await callFrom(world, clientOutside, serverUrl)).status).toBe(403);
    });

    test('a Job calls a workload under Strict, and completes', async () => {
      await world.apply(job);

      const ask = ['job/ask', `--namespace=${inside}`];
      await world.mustKubectl(['wait', '--for=condition=Complete', '--timeout=120s', ...ask]);
      const answer = await world.mustKubectl(['logs', '--container=app', ...ask]);
      expect(callerIn(Outcome.parse(JSON.parse(answer)))).toBe(clientIdentity);
    });

    test('without an operator pods are created with their sidecar, and are ready when it is back', async () => {
      const scale = (what: string, namespace: string, replicas: number): Promise<string> =>
        world.mustKubectl(['scale', what, `--replicas=${replicas}`, `--namespace=${namespace}`]);
      await scale('deployment/meshwright-operator', ownNamespace, 0);
      const operators = ['--selector=app.kubernetes.io/component=operator', `--namespace=${ownNamespace}`];
      // Also those that are about to end.
      await world.until(async () =>
        (await world.mustKubectl(['get', 'pods', ...operators, '--output=name'])) === '' ? true : undefined,
      );

      await scale('deployment/server', inside, 2);
      const pods = await world.until(async () => {
        const all = await world.pods(inside, 'app=server');
        return all.length === 2 ? all : undefined;
      });
      expect(pods.every(isMeshed)).toBe(true);
      expect((await callFrom(world, clientInside, serverUrl)).status).toBe(200);

      await scale('deployment/meshwright-operator', ownNamespace, 2);
      await world.rolledOut(ownNamespace, 'deployment/meshwright-operator');
      await world.rolledOut(inside, 'deployment/server');
    });

    test('from the policy to templates and back, each workload in one rollout, and no request is lost', async () => {
      await world.apply(...loader);
      await world.until(async () =>
        (await world.pods(inside, 'app=loader')).some(isReady) ? true : undefined,
      );
      const caller = { namespace: inside, app: 'loader' };
      const load = await startLoad(world, caller, { rate: 20, calls: [`GET HTTP/1.1 ${serverUrl}`] });
      const sets = (): Promise<string> =>
        jsonpath(
          '{.items[*].metadata.name}',
          'replicasets',
          `--namespace=${inside}`,
          '--selector=app=server',
        );
      const untilTemplate = async (inits: string): Promise<void> => {
        await world.until(async () => {
          const found = await jsonpath(
            '{.spec.template.spec.initContainers[*].name}',
            'deployment/server',
            `--namespace=${inside}`,
          );
          return found === inits ? true : undefined;
        });
        await world.rolledOut(inside, 'deployment/server');
      };

      await world.mustKubectl(['delete', 'mutatingadmissionpolicybinding', 'sidecar.meshwright.dev']);
      // A change makes the operator look at once.
      const patch = JSON.stringify({ spec: { sidecar: { drain: '6s' } } });
      await world.mustKubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
      await untilInjectionBy('Template');
      await untilTemplate('mw-init mw-proxy');
      const byTemplate = (await sets()).split(' ').length;
      await world.applyFile('injection-policy.yaml');
      // Another leader looks at once, too.
      const restart = ['rollout', 'restart', 'deployment/meshwright-operator', `--namespace=${ownNamespace}`];
      await world.mustKubectl(restart);
      await untilInjectionBy('Policy');
      await untilTemplate('');

      expect([byTemplate, (await sets()).split(' ').length]).toEqual([2, 3]);
      const { failed, failures } = await load.stop();
      expect([failed, failures]).toEqual([0, []]);
    });

    test('nothing of Meshwright lies in the namespace, and the Mesh says why', async () => {
      const secrets = await jsonpath('{.items[*].metadata.name}', 'secrets', `--namespace=${inside}`);
      const configMaps = await jsonpath('{.items[*].metadata.name}', 'configmaps', `--namespace=${inside}`);

      expect([secrets, configMaps.split(' ').toSorted()]).toEqual(['', ['kube-root-ca.crt', 'programs']]);
      const condition = '{.status.conditions[?(@.type=="CertificatesDelivered")].reason}';
      expect(await jsonpath(condition, 'mesh', 'default')).toBe('PodCertificate');
      const who = `--as=system:serviceaccount:${ownNamespace}:meshwright-operator`;
      const may = await world.kubectl(['auth', 'can-i', 'get', 'secrets', `--namespace=${inside}`, who]);
      expect(may.stdout.trim()).toBe('no');
    });

    test('a kubelet that starts again asks for all of its pods: Envoy uses the new certificate, without a restart', async () => {
      const before = await serials();

      await world.machine?.restartKubelet();

      await world.until(async () => {
        const now = await serials().catch(() => []);
        return now.length > 0 && now.every((serial) => !before.includes(serial)) ? true : undefined;
      });
      expect(await restarts()).toEqual([]);
      // A kubelet that starts counts its pods as not ready until it has asked them.
      const served = await world.until(async () => {
        const outcome = await callFrom(world, clientInside, serverUrl);
        return outcome.status === 200 ? outcome : undefined;
      });
      expect(callerIn(served)).toBe(clientIdentity);
    });

    test('an API server that starts again adds sidecars from its first pod on, and calls go on', async () => {
      await world.machine?.restartApiServer();
      await world.apply({ ...job, metadata: { ...job.metadata, name: 'ask-again' } });

      await world.mustKubectl([
        'wait',
        '--for=condition=Complete',
        '--timeout=120s',
        'job/ask-again',
        `--namespace=${inside}`,
      ]);
      const [pod] = await world.pods(inside, 'batch.kubernetes.io/job-name=ask-again');
      expect(pod !== undefined && isMeshed(pod)).toBe(true);
      expect((await callFrom(world, clientInside, serverUrl)).status).toBe(200);
    });

    zeroLoss(() => world, figures, 1);

    test('after the operator went, `meshwright uninstall` takes the sidecars from the pods, and no pod is blocked', async () => {
      const pods = (): Promise<readonly Pod[]> => world.pods(inside, 'app in (client, server)');
      await world.mustKubectl(['delete', 'deployment/meshwright-operator', `--namespace=${ownNamespace}`]);

      await world.applyFile('uninstall.yaml');

      const run = ['job/meshwright-uninstall', '--namespace=meshwright-uninstall'];
      await world.mustKubectl(['wait', '--for=condition=Complete', '--timeout=100s', ...run]);
      await world.rolledOut(inside, 'deployment/server', 'deployment/client');
      await world.until(async () => ((await pods()).some(isMeshed) ? undefined : true));
      // kube-proxy may still send a call to a pod that has just ended.
      await world.until(async () =>
        (await callFrom(world, clientOutside, serverUrl)).status === 200 ? true : undefined,
      );
      const policies = await jsonpath('{.items[*].metadata.name}', 'mutatingadmissionpolicies');
      expect(policies.split(' ')).not.toContain('sidecar.meshwright.dev');
    });
  },
);
