// No request is lost while pods come and go: a steady load over rolling updates and changes of scale.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Caller, type LoadReport, startLoad } from '../library/calls.ts';
import type { Figures } from '../library/figures.ts';
import { untilMeshed } from '../library/stage.ts';
import {
  meshed,
  namespaceWithPrograms,
  service,
  serverPorts,
  serverReadiness,
  workload,
} from '../library/workloads.ts';
import type { World } from '../library/world.ts';

const namespace = 'load';
const client: Caller = { namespace, app: 'client' };
/** Rolling updates, and as many changes of scale. */
const usualRounds = Number(process.env['MESHWRIGHT_E2E_ROUNDS'] ?? '3');
const rate = Number(process.env['MESHWRIGHT_E2E_RATE'] ?? '240');

/** How an application ends: each its own way, behind its own Service. */
const applications: readonly (readonly [how: string, name: string, end: string])[] = [
  ['stops listening at once on SIGTERM', 'deaf', 'deaf'],
  ['goes on listening while it ends', 'lingering', 'linger'],
];

export function zeroLoss(world: () => World, figures: Figures, rounds = usualRounds): void {
  describe('a load of HTTP/1.1, HTTP/2 and TCP, GET and POST, quick and slow', () => {
    beforeAll(async () => {
      await world().apply(
        ...namespaceWithPrograms(namespace, meshed),
        ...workload({ namespace, name: 'client', run: ['idle'] }),
        ...applications.flatMap(([, name, end]) => [
          ...workload({
            namespace,
            name,
            run: ['server', '--end', end, '--delay', '5'],
            replicas: 2,
            ports: { http: 8080, http2: 8081, tcp: 9000 },
            container: serverReadiness,
            spec: { strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } } },
          }),
          service(namespace, name, serverPorts),
        ]),
      );
      await untilMeshed(world(), namespace, 'client', ...applications.map(([, name]) => name));
    });

    afterAll(() => world().removeNamespace(namespace));

    test.each(applications)(
      `${rounds} rolling updates and ${rounds} changes of scale: an application that %s loses nothing`,
      async (how, name) => {
        const load = await startLoad(world(), client, { rate, calls: callsTo(name) });

        for (let round = 0; round < rounds; round += 1) {
          // oxlint-disable no-await-in-loop -- one after the other is the point
          await world().mustKubectl(['rollout', 'restart', `deployment/${name}`, `--namespace=${namespace}`]);
          await world().rolledOut(namespace, `deployment/${name}`);
          await scale(name, round % 2 === 0 ? 4 : 2);
          // oxlint-enable no-await-in-loop
        }
        await untilGone(name);
        const report = await load.stop();

        figures.note(describeLoad(report, how, rounds));
        expect(report.failures).toEqual([]);
        expect(report.failed).toBe(0);
        expect(report.rate).toBeGreaterThanOrEqual(200);
      },
      600_000,
    );

    const scale = async (name: string, replicas: number): Promise<void> => {
      const place = `--namespace=${namespace}`;
      await world().mustKubectl(['scale', `deployment/${name}`, `--replicas=${replicas}`, place]);
      await world().rolledOut(namespace, `deployment/${name}`);
    };

    /** Until those that ended are gone for good: the last ones may lose what the first ones did not. */
    const untilGone = async (name: string): Promise<void> => {
      await world().until(async () => {
        const path = '--output=jsonpath={.items[*].metadata.deletionTimestamp}';
        const ending = await world().mustKubectl([
          'get',
          'pods',
          `--namespace=${namespace}`,
          `--selector=app=${name}`,
          path,
        ]);
        return ending === '' ? true : undefined;
      });
    };
  });
}

function callsTo(name: string): string[] {
  const http = [
    `GET HTTP/1.1 http://${name}:8080/`,
    `POST HTTP/1.1 http://${name}:8080/`,
    `GET HTTP/2 http://${name}:8081/`,
    `POST HTTP/2 http://${name}:8081/`,
    `POST HTTP/1.1 http://${name}:8080/slow`,
    `POST HTTP/2 http://${name}:8081/slow`,
  ];
  // Nobody can say in TCP that it is worth trying elsewhere: the application has to go on accepting.
  return name === 'lingering' ? [...http, `TALK TCP tcp://${name}:9000`] : http;
}

function describeLoad(
  { sent, failed, rate: perSecond, p50Ms, p99Ms, maxMs, pods }: LoadReport,
  how: string,
  rounds: number,
): string {
  const times = `p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms`;
  return `${rounds} rolling updates, ${rounds} changes of scale of an application that ${how}: ${failed} of ${sent} calls failed at ${perSecond} per second over ${Object.keys(pods).length} pods (${times})`;
}
