// What a sidecar costs: time until a pod is ready, and memory. Figures, not limits: machines differ.
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Figures } from '../library/figures.ts';
import { inside, outside } from '../library/stage.ts';
import { workload, serverReadiness } from '../library/workloads.ts';
import { isReady, type World } from '../library/world.ts';

const name = 'started';
const starts = Number(process.env['MESHWRIGHT_E2E_STARTS'] ?? '3');

export function costs(world: () => World, figures: Figures): void {
  describe('the costs of a sidecar', () => {
    beforeAll(async () => {
      await world().apply(
        ...[inside, outside].flatMap((namespace) =>
          workload({
            namespace,
            name,
            run: ['server'],
            replicas: 0,
            container: serverReadiness,
          }),
        ),
      );
    });

    test('time until a pod is ready', async () => {
      const [without, withSidecar] = [await timesToReady(outside), await timesToReady(inside)];

      figures.note(`until a pod is ready, without a sidecar: ${describeTimes(without)}`);
      figures.note(`until a pod is ready, with one: ${describeTimes(withSidecar)}`);
      expect(withSidecar).toHaveLength(starts);
    }, 600_000);

    test('memory', async () => {
      const { machine } = world();
      // Processes of a cluster elsewhere are out of reach.
      if (machine === undefined) {
        process.stderr.write('NOT RUN: the memory of processes on another machine is out of reach.\n');
        return;
      }
      const { stdout } = await machine.inCluster(['sh', '-c', 'grep -H VmRSS /proc/[0-9]*/status']);
      const commands = await machine.inCluster([
        'sh',
        '-c',
        'grep -aHE "^(/usr/local/bin/)?(envoy|node)" /proc/[0-9]*/cmdline | tr "\\0" " "',
      ]);

      const [sidecars, operators] = [/:(\S*\/)?envoy --config-yaml/, /\/meshwright\/main\.cjs/].map(
        (pattern) => mebibytes(stdout, pidsOf(commands.stdout, pattern)),
      );

      figures.note(
        `memory of ${sidecars?.length} sidecars, MiB: ${describeSizes(sidecars)}; of the operators: ${describeSizes(operators)}`,
      );
      expect([sidecars?.length, operators?.length]).toEqual([expect.any(Number), 2]);
    });

    /** One after the other, in ms: from asking for one pod until it is ready. */
    const timesToReady = async (namespace: string): Promise<readonly number[]> => {
      const times: number[] = [];
      const scale = async (replicas: number): Promise<void> => {
        await world().mustKubectl([
          'scale',
          `deployment/${name}`,
          `--replicas=${replicas}`,
          `--namespace=${namespace}`,
        ]);
      };
      for (let count = 0; count < starts; count += 1) {
        // oxlint-disable no-await-in-loop -- they would only slow each other down
        const start = performance.now();
        await scale(1);
        await world().until(async () => {
          const [pod] = await world().pods(namespace, `app=${name}`);
          return pod !== undefined && isReady(pod) ? true : undefined;
        });
        times.push(performance.now() - start);
        await scale(0);
        // The next one must not be taken for it.
        await world().until(async () =>
          (await world().pods(namespace, `app=${name}`)).length === 0 ? true : undefined,
        );
        // oxlint-enable no-await-in-loop
      }
      return times;
    };
  });
}

function describeTimes(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    ((sorted[Math.round(share * (sorted.length - 1))] ?? 0) / 1000).toFixed(1);
  return `p50 ${at(0.5)} s, p99 ${at(0.99)} s of ${times.length}`;
}

/** Lines of grep -H: `/proc/1/cmdline:…` */
function pidsOf(lines: string, pattern: RegExp): ReadonlySet<string> {
  const matching = lines.split('\n').filter((line) => pattern.test(line));
  return new Set(matching.map((line) => line.split('/')[2] ?? ''));
}

function mebibytes(lines: string, pids: ReadonlySet<string>): readonly number[] {
  const all = [...lines.matchAll(/^\/proc\/(\d+)\/status:VmRSS:\s+(\d+) kB$/gm)];
  return all
    .filter(([, pid = '']) => pids.has(pid))
    .map(([, , kibibytes]) => Math.round(Number(kibibytes) / 1024));
}

function describeSizes(sizes: readonly number[] = []): string {
  return `${Math.min(...sizes)} to ${Math.max(...sizes)}`;
}
