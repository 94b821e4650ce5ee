// The mesh ends: by deleting the Mesh; and when operator and definitions were deleted first, by the image and by hand.
// The last topic: afterwards there is no mesh.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { dirname, join } from 'node:path';
import { must } from '../../cluster/command.ts';
import { nodeImageName } from '../../../deploy/image-contents.ts';
import { uninstallByHand } from '../library/by-hand.ts';
import { callFrom } from '../library/calls.ts';
import {
  clientInside,
  clientOutside,
  inside,
  serverUrl,
  untilMeshed,
  untilProgrammed,
} from '../library/stage.ts';
import { mesh } from '../library/workloads.ts';
import { ownNamespace, type World } from '../library/world.ts';

const kinds = 'deployments,statefulsets,daemonsets,cronjobs';
const marked = ['get', kinds, '--all-namespaces', '--selector=meshwright.dev/injected', '--output=name'];

export function uninstalled(world: () => World): void {
  const untilNothingMarked = async (): Promise<void> => {
    await world().until(async () => ((await world().mustKubectl(marked)) === '' ? true : undefined), 120_000);
  };
  /** With sidecars in all of the namespace, the CronJob included. */
  const untilMeshedAgain = async (): Promise<void> => {
    await world().applyFile('install.yaml');
    await world().rolledOut(ownNamespace, 'deployment/meshwright-operator');
    await world().apply(mesh());
    await untilMeshed(world(), inside, 'client', 'server');
    await world().until(async () => ((await sidecarsIn('cronjob')).length === 2 ? true : undefined));
  };
  const sidecarsIn = async (kind: 'deployment' | 'cronjob'): Promise<readonly string[]> => {
    const template = kind === 'cronjob' ? 'spec.jobTemplate.spec.template' : 'spec.template';
    const path = `--output=jsonpath={range .items[*]}{.${template}.spec.initContainers[*].name} {.${template}.spec.volumes[?(@.name=="mw-certs")].name}{end}`;
    const names = await world().mustKubectl(['get', kind, `--namespace=${inside}`, path]);
    return names.split(' ').filter((name) => name.startsWith('mw-') && name !== 'mw-certs');
  };
  /** What there is when every pod without its sidecar has come up. */
  const left = async (): Promise<object> => {
    await world().rolledOut(inside, 'deployment/server', 'deployment/client');
    // Without a sidecar nobody tries another pod when kube-proxy sends a call to one that has just ended; its sidecar may still answer for it.
    let status: number | undefined;
    const isServed = async (): Promise<true | undefined> => {
      ({ status } = await callFrom(world(), clientOutside, serverUrl));
      return status === 200 || undefined;
    };
    await world()
      .until(isServed)
      .catch(() => undefined);
    const names = ['get', 'secrets', `--namespace=${inside}`, '--output=name'];
    return {
      marked: await world().mustKubectl(marked),
      sidecars: [...(await sidecarsIn('deployment')), ...(await sidecarsIn('cronjob'))],
      status,
      hasCertificates: (await world().mustKubectl(names)).includes('secret/meshwright-server'),
    };
  };
  /** Also for the sidecars, which go on with what they know when the operator is gone. */
  const untilReplacedPodsAreGone = async (): Promise<void> => {
    const path = '--output=jsonpath={.items[*].metadata.deletionTimestamp}';
    const deleted = ['get', 'pods', `--namespace=${inside}`, path];
    await world().until(async () => ((await world().mustKubectl(deleted)) === '' ? true : undefined));
    await untilProgrammed(world(), 'mesh/default');
  };
  const deleteOperator = async (): Promise<void> => {
    const file = join(import.meta.dirname, '../../../deploy/install.yaml');
    await world().mustKubectl(['delete', `--filename=${file}`, '--timeout=180s']);
  };

  describe('the end of the mesh', () => {
    beforeAll(async () => {
      await world().apply(cronJob);
      await untilMeshedAgain();
    });

    test('deleting the Mesh takes every sidecar out, with nothing stuck', async () => {
      await world().mustKubectl(['delete', 'mesh', 'default', '--timeout=30s']);

      await untilNothingMarked();
      expect(await left()).toEqual(nothing);
    });

    test('after operator and definitions pods go on; `meshwright uninstall` takes the sidecars out', async () => {
      await untilMeshedAgain();
      await untilReplacedPodsAreGone();
      await deleteOperator();
      expect(await callFrom(world(), clientInside, serverUrl)).toMatchObject({ status: 200 });

      await world().applyFile('uninstall.yaml');

      const job = ['job/meshwright-uninstall', '--namespace=meshwright-uninstall'];
      await world().mustKubectl(['wait', '--for=condition=Complete', '--timeout=100s', ...job]);
      expect(await world().mustKubectl(['logs', ...job])).toMatch(/[1-9]\d* removed, \d+ kept, 0 failed\n$/);
      expect(await left()).toEqual(nothing);
    });

    test('so do the commands of docs/kubernetes.md', async () => {
      await untilMeshedAgain();
      await deleteOperator();

      await runWithKubectl(world(), await uninstallByHand());

      expect(await left()).toEqual(nothing);
    });
  });
}

/** Certificates stay: pods that are still to be made may mount them. */
const nothing = { marked: '', sidecars: [], status: 200, hasCertificates: true };

const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'nightly', namespace: inside },
  spec: {
    schedule: '0 0 1 1 *',
    jobTemplate: {
      spec: {
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'app', image: nodeImageName, command: ['node', '--version'] }],
          },
        },
      },
    },
  },
};

/** A shell whose kubectl is that of the tests. */
async function runWithKubectl({ kubectlCommand, kubeconfigPath }: World, script: string): Promise<void> {
  const [program = ''] = kubectlCommand;
  const path = [dirname(program), process.env['PATH']].join(':');
  await must(['sh', '-e', '-c', script], { env: { PATH: path, KUBECONFIG: kubeconfigPath } });
}
