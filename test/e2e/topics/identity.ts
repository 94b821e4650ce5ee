// A proxy may only ask as the pod that it is: here is one that has the certificate of a pod and claims to be another.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { inside } from '../library/stage.ts';
import { workload } from '../library/workloads.ts';
import { ownNamespace, type World } from '../library/world.ts';

const name = 'asker';

export function identityHeld(world: () => World): void {
  describe('the identity of a proxy', () => {
    beforeAll(async () => {
      await world().apply(...asker);
      await world().rolledOut(inside, `deployment/${name}`);
    });

    test('from another pod of the same service account it is refused', async () => {
      expect(await askAs('client')).toEqual({
        // PERMISSION_DENIED of gRPC.
        status: '7',
        message: expect.stringMatching(
          new RegExp(
            `^\\S+ is not an address of Pod/${inside}/client-.*: proxies must connect from their own pod`,
          ),
        ),
      });
    });

    test('with another one it is refused, whichever pod it claims to be', async () => {
      expect(await askAs('server')).toEqual({
        // PERMISSION_DENIED of gRPC.
        status: '7',
        message: expect.stringContaining(`/ns/${inside}/sa/client may not ask as Pod/${inside}/server-`),
      });
    });

    /** As a pod of that application. */
    const askAs = async (application: string): Promise<unknown> => {
      const [pod] = await world().pods(inside, `app=${application}`);
      const nodeId = ['Pod', inside, pod?.metadata.name, pod?.metadata.uid].join('~');
      const exec = ['exec', `deployment/${name}`, `--namespace=${inside}`, '--'];
      const ask = ['node', '/programs/ask.ts', `meshwright.${ownNamespace}.svc:15012`, nodeId];
      return JSON.parse(decodeURIComponent(await world().mustKubectl([...exec, ...ask])));
    };
  });
}

const asker = workload({
  namespace: inside,
  name,
  run: ['idle'],
  labels: { 'meshwright.dev/inject': 'false' },
  container: {
    volumeMounts: [
      { name: 'programs', mountPath: '/programs' },
      { name: 'certificates', mountPath: '/certificates' },
    ],
  },
  pod: {
    volumes: [
      { name: 'programs', configMap: { name: 'programs' } },
      { name: 'certificates', secret: { secretName: 'meshwright-client' } },
    ],
  },
});
