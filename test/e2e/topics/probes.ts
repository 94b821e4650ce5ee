// Probes of applications mean the same with a sidecar as without one, in every mode of mutual TLS.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callFrom, type Caller } from '../library/calls.ts';
import { clientInside, clientOutside, setMtls, untilMeshed } from '../library/stage.ts';
import { meshed, namespaceWithPrograms, service, serverPorts, workload } from '../library/workloads.ts';
import { isReady, type World } from '../library/world.ts';

const namespace = 'probed';
const probes = {
  http: {
    httpGet: {
      path: '/ready?from=kubelet',
      port: 'http',
      httpHeaders: [
        { name: 'Host', value: 'shop.example.com' },
        { name: 'X-Forwarded-Proto', value: 'https' },
      ],
    },
  },
  grpc: { grpc: { port: 8081 } },
  tcp: { tcpSocket: { port: 'tcp' } },
  exec: { exec: { command: ['node', '--eval', 'process.exit()'] } },
} as const;
type ProbeName = keyof typeof probes;
const names = Object.keys(probes) as ProbeName[];

export function probesKept(world: () => World): void {
  describe('probes', () => {
    beforeAll(async () => {
      await world().apply(
        ...namespaceWithPrograms(namespace, meshed),
        ...names.flatMap((name) => workload({ ...probed, name, container: allThree(name) })),
        service(namespace, 'http', serverPorts),
      );
      await untilMeshed(world(), namespace, ...names);
    });

    afterAll(() => world().removeNamespace(namespace));

    test.each(['Permissive', 'Strict'] as const)('%s: pods start, become ready and stay so', async (mode) => {
      await setMtls(world(), mode);

      await world().mustKubectl(['rollout', 'restart', 'deployment', `--namespace=${namespace}`]);

      await world().rolledOut(namespace, ...names.map((name) => `deployment/${name}`));
      const pods = await world().pods(namespace, 'app');
      expect(pods.map(isReady)).toEqual(names.map(() => true));
      expect(pods.flatMap(({ status }) => status.containerStatuses.map((each) => each.restartCount))).toEqual(
        pods.flatMap(({ status }) => status.containerStatuses.map(() => 0)),
      );
    });

    test('Strict: only what is probed is let through', async () => {
      const url = (path: string): string => `http://http.${namespace}:8080${path}`;

      const [client, otherQuery, otherPath, otherMethod] = [
        await callFrom(world(), clientOutside, url('/ready?from=kubelet')),
        await callFrom(world(), clientOutside, url('/ready')),
        await callFrom(world(), clientOutside, url('/ready/../secret?from=kubelet')),
        await callFrom(world(), clientOutside, url('/ready?from=kubelet'), 'POST'),
      ];

      const statuses = [client, otherQuery, otherPath, otherMethod].map(({ status }) => status);
      expect(statuses).toEqual([403, 403, 403, 403]);
    });

    test('Strict: a pod that says that it is not ready is taken out, and comes back', async () => {
      const itself: Caller = { namespace, app: 'http' };

      await callFrom(world(), itself, 'http://127.0.0.1:8080/state?ready=false');
      await untilReady(world(), false);
      const answered = async (wanted: number): Promise<number> =>
        await world().until(async () => {
          const { status } = await callFrom(world(), clientInside, `http://http.${namespace}:8080/`);
          return status === wanted ? status : undefined;
        });
      const refused = await answered(503);
      await callFrom(world(), itself, 'http://127.0.0.1:8080/state?ready=true');
      await untilReady(world(), true);
      const served = await answered(200);

      expect([refused, served]).toEqual([503, 200]);
      await setMtls(world(), 'Permissive');
    });
  });
}

const probed = {
  namespace,
  run: ['server'],
  ports: { http: 8080, http2: 8081, tcp: 9000 },
  spec: { strategy: { rollingUpdate: { maxSurge: '100%' } } },
} as const;

function allThree(name: ProbeName): object {
  const probe = { ...probes[name], periodSeconds: 1, timeoutSeconds: 5 };
  return {
    startupProbe: { ...probe, failureThreshold: 60 },
    livenessProbe: { ...probe, failureThreshold: 10 },
    readinessProbe: { ...probe, failureThreshold: 2 },
  };
}

async function untilReady(world: World, wanted: boolean): Promise<void> {
  await world.until(async () => {
    const pods = await world.pods(namespace, 'app=http');
    return pods.every((pod) => isReady(pod) === wanted) ? true : undefined;
  });
}
