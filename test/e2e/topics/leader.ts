// The operator that leads goes away, with and without a word: another one takes over, and nothing is lost meanwhile.
import { afterAll, describe, expect, test } from '@jest/globals';
import { startLoad } from '../library/calls.ts';
import type { Figures } from '../library/figures.ts';
import { holder, killOperator, podOf } from '../library/leadership.ts';
import { clientInside, inside, serverUrl, untilProgrammed } from '../library/stage.ts';
import { ownNamespace, type World } from '../library/world.ts';

const policy = 'trafficpolicy/leader';

export function leaderGone(world: () => World, figures: Figures): void {
  describe('the leader', () => {
    afterAll(async () => {
      await world().mustKubectl(['delete', policy, `--namespace=${inside}`]);
    });

    test('all sidecars count, whichever replica they are connected to', async () => {
      await applyPolicy('5s');

      await untilProgrammed(world(), policy, `--namespace=${inside}`);

      const count = await world().until(async () => {
        const connected = await connectedSidecars();
        return connected === (await meshedPods()) ? connected : undefined;
      });
      expect(count).toBeGreaterThan(2);
    });

    test('stopped, it hands over before its Lease ends', async () => {
      const before = await holder(world());
      const start = performance.now();

      await world().mustKubectl([
        'delete',
        'pod',
        podOf(before),
        `--namespace=${ownNamespace}`,
        '--wait=false',
      ]);

      await untilOther(before);
      const ms = performance.now() - start;
      figures.add('leader stopped: until the next one leads', ms);
      // Of 8 s: it gives the Lease back.
      expect(ms).toBeLessThan(7000);
      await world().rolledOut(ownNamespace, 'deployment/meshwright-operator');
    });

    test('killed, it is followed; no call fails, and policies are programmed', async () => {
      const load = await startLoad(world(), clientInside, { rate: 50, calls: [`GET HTTP/1.1 ${serverUrl}`] });
      const before = await holder(world());
      const start = performance.now();

      await killOperator(world(), podOf(before));

      await untilOther(before);
      const ms = performance.now() - start;
      figures.add('leader killed: until the next one leads', ms);
      await applyPolicy('6s');
      await untilProgrammed(world(), policy, `--namespace=${inside}`);
      figures.add('leader killed: until a policy written then is programmed', performance.now() - start);
      const { failures } = await load.stop();
      expect(failures).toEqual([]);
      await world().rolledOut(ownNamespace, 'deployment/meshwright-operator');
    });

    const untilOther = async (before: string): Promise<void> => {
      await world().until(async () => {
        const now = await holder(world());
        return now !== '' && now !== before ? true : undefined;
      });
    };

    const applyPolicy = async (timeout: string): Promise<void> => {
      await world().apply({
        apiVersion: 'meshwright.dev/v1alpha1',
        kind: 'TrafficPolicy',
        metadata: { name: 'leader', namespace: inside },
        spec: {
          targetRefs: [{ kind: 'Service', name: 'server' }],
          routes: [{ name: 'all', backends: [{}], timeout: { request: timeout } }],
        },
      });
    };

    const meshedPods = async (): Promise<number> => {
      const names = [
        'get',
        'pods',
        '--all-namespaces',
        '--output=jsonpath={range .items[*]}{.spec.initContainers[*].name}{"\\n"}{end}',
      ];
      const lines = (await world().mustKubectl(names)).split('\n');
      return lines.filter((line) => line.includes('mw-proxy')).length;
    };

    const connectedSidecars = async (): Promise<number> =>
      Number(
        await world().mustKubectl([
          'get',
          'mesh',
          'default',
          '--output=jsonpath={.status.proxies.connected}',
        ]),
      );
  });
}
