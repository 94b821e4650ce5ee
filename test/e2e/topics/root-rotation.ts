// The root is replaced under load, or is not after all, and the leader goes away meanwhile: no call fails, and no pod restarts.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callerIn, callFrom, type LoadReport, startLoad } from '../library/calls.ts';
import type { Figures } from '../library/figures.ts';
import { holder, killOperator, podOf } from '../library/leadership.ts';
import {
  clientIdentity,
  clientInside,
  inside,
  serverUrl,
  setMtls,
  untilProgrammed,
} from '../library/stage.ts';
import { operatorLog, ownNamespace, type World } from '../library/world.ts';

/** Of which at least 200 each second have to be made. */
const rate = 220;

export function rootReplaced(world: () => World, figures: Figures): void {
  describe('the root', () => {
    const policy = ['trafficpolicy/handshakes', `--namespace=${inside}`];

    beforeAll(async () => {
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
    });

    afterAll(async () => {
      await world().mustKubectl(['delete', ...policy]);
      await setMtls(world(), 'Permissive');
    });

    test('stays, without a failed call, when its rotation is aborted while proxies switch, and the leader is killed', async () => {
      const rootBefore = await root();

      const report = await underLoad(async () => {
        await patchMesh({ rootRotation: { issuedAfter: new Date().toISOString() } });
        await untilPhase('Switch');
        await patchMesh({ rootRotation: { mode: 'Abort' } });
        await untilRotated('Aborting');
        await killOperator(world(), podOf(await holder(world())));
        await untilRotated('Aborted');
      });

      figures.note(describeLoad('a rotation that was aborted in Switch, the leader killed', report));
      expect(await root()).toBe(rootBefore);
      await world().rolledOut(ownNamespace, 'deployment/meshwright-operator');
    });

    test('is replaced without a failed call or a restart, also when the leader goes away in between', async () => {
      const rootBefore = await root();
      const start = performance.now();

      const report = await underLoad(async () => {
        await patchMesh({ rootRotation: { issuedAfter: new Date().toISOString(), mode: 'Proceed' } });
        await untilPhase('TrustBoth');
        await world().mustKubectl([
          'delete',
          'pod',
          podOf(await holder(world())),
          `--namespace=${ownNamespace}`,
          '--wait=false',
        ]);
        await untilRotated('Rotated');
        figures.add(
          'from `rootRotation.issuedAfter` to a new root, the leader stopped in between',
          performance.now() - start,
        );
      });

      figures.note(describeLoad('a whole rotation', report));
      expect(await root()).not.toBe(rootBefore);
      expect(callerIn(await callFrom(world(), clientInside, serverUrl))).toBe(clientIdentity);
      await world().rolledOut(ownNamespace, 'deployment/meshwright-operator');
    });

    /** Calls while it lasts, at the rate, all of which succeed; and the pods are the same afterwards. */
    const underLoad = async (act: () => Promise<void>): Promise<LoadReport> => {
      const podsBefore = await restarts();
      const load = await startLoad(world(), clientInside, { rate, calls: [`GET HTTP/1.1 ${serverUrl}`] });
      const acted = act();
      await Promise.allSettled([acted]);
      const report = await load.stop();
      await acted;
      expect(report.failures).toEqual([]);
      expect(report.failed).toBe(0);
      expect(report.rate).toBeGreaterThanOrEqual(200);
      expect(await restarts()).toBe(podsBefore);
      return report;
    };

    const patchMesh = async (certificates: object): Promise<void> => {
      const patch = JSON.stringify({ spec: { certificates } });
      await world().mustKubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
    };

    const untilPhase = (phase: string): Promise<true> =>
      untilIs(phase, '{.status.certificates.rootRotation.phase}');

    const untilRotated = (reason: string): Promise<true> =>
      untilIs(reason, '{.status.conditions[?(@.type=="RootRotated")].reason}');

    const untilIs = async (value: string, path: string): Promise<true> => {
      const get = ['get', 'mesh', 'default'];
      try {
        return await world().until(async () => {
          const found = await world().mustKubectl([...get, `--output=jsonpath=${path}`]);
          return found === value ? true : undefined;
        });
      } catch (cause) {
        const status = await world().mustKubectl([...get, '--output=jsonpath={.status}']);
        throw new Error(`${value} is not reached: ${status} ${await operatorLog(world())}`, { cause });
      }
    };

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

function describeLoad(what: string, { sent, failed, rate: perSecond, p50Ms, p99Ms }: LoadReport): string {
  return `${what}: ${failed} of ${sent} calls failed at ${perSecond} per second (p50 ${p50Ms} ms, p99 ${p99Ms} ms)`;
}
