// The root is replaced under load, and the leader goes away meanwhile: no call fails, and no pod restarts.
import { afterAll, describe, expect, test } from '@jest/globals';
import { callerIn, callFrom, startLoad } from '../library/calls.ts';
import type { Figures } from '../library/figures.ts';
import { holder, podOf } from '../library/leadership.ts';
import {
  clientIdentity,
  clientInside,
  inside,
  serverUrl,
  setMtls,
  untilProgrammed,
} from '../library/stage.ts';
import { ownNamespace, type World } from '../library/world.ts';

const rate = 200;

export function rootReplaced(world: () => World, figures: Figures): void {
  describe('the root', () => {
    const policy = ['trafficpolicy/handshakes', `--namespace=${inside}`];

    afterAll(async () => {
      await world().mustKubectl(['delete', ...policy]);
      await setMtls(world(), 'Permissive');
    });

    test('is replaced without a failed call or a restart, also when the leader goes away in between', async () => {
      await world().apply({
        apiVersion: 'meshwright.dev/v1alpha1',
        kind: 'TrafficPolicy',
        metadata: { name: 'handshakes', namespace: inside },
        // Connections that exist are not verified again, and retries would hide those that are refused.
        spec: {
          targetRefs: [{ kind: 'Service', name: 'server' }],
          connection: { maxRequests: 5 },
          retry: { attempts: 0 },
        },
      });
      await setMtls(world(), 'Strict');
      await untilProgrammed(world(), ...policy);
      const before = { root: await root(), pods: await restarts() };
      const load = await startLoad(world(), clientInside, { rate, calls: [`GET HTTP/1.1 ${serverUrl}`] });
      const start = performance.now();

      await patchMesh({ rootRotation: { issuedAfter: new Date().toISOString() } });
      await world().until(async () => ((await phase()) === 'TrustBoth' ? true : undefined));
      await world().mustKubectl([
        'delete',
        'pod',
        podOf(await holder(world())),
        `--namespace=${ownNamespace}`,
        '--wait=false',
      ]);
      await world().mustKubectl(['wait', '--for=condition=RootRotated', '--timeout=90s', 'mesh/default']);

      figures.add(
        'from `rootRotation.issuedAfter` to a new root, the leader stopped in between',
        performance.now() - start,
      );
      const { sent, failures } = await load.stop();
      expect(failures).toEqual([]);
      expect(sent).toBeGreaterThan(1000);
      expect(await root()).not.toBe(before.root);
      expect(await restarts()).toBe(before.pods);
      expect(callerIn(await callFrom(world(), clientInside, serverUrl))).toBe(clientIdentity);
      await world().rolledOut(ownNamespace, 'deployment/meshwright-operator');
    });

    const patchMesh = async (certificates: object): Promise<void> => {
      const patch = JSON.stringify({ spec: { certificates } });
      await world().mustKubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
    };

    const phase = async (): Promise<string> =>
      await world().mustKubectl([
        'get',
        'mesh',
        'default',
        '--output=jsonpath={.status.certificates.rootRotation.phase}',
      ]);

    const root = async (): Promise<string> =>
      await world().mustKubectl([
        'get',
        'secret',
        'meshwright-ca',
        `--namespace=${ownNamespace}`,
        String.raw`--output=jsonpath={.data.tls\.crt}`,
      ]);

    /** Of the pods that are there to stay. */
    const restarts = async (): Promise<string> => {
      const [clients, servers] = [
        await world().pods(inside, 'app=client'),
        await world().pods(inside, 'app=server'),
      ];
      return await world().mustKubectl([
        'get',
        'pods',
        ...[...clients, ...servers].map(({ metadata }) => metadata.name),
        `--namespace=${inside}`,
        '--output=jsonpath={.items[*].metadata.uid} {.items[*].status.initContainerStatuses[*].restartCount}',
      ]);
    };
  });
}
