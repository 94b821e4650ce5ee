// Services of every kind, called from a pod with a sidecar.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callerIn, callFrom, type Outcome, seenBy } from '../library/calls.ts';
import { clientIdentity, clientInside, outside, untilMeshed } from '../library/stage.ts';
import {
  meshed,
  namespaceWithPrograms,
  service,
  serverPorts,
  workload,
  serverReadiness,
} from '../library/workloads.ts';
import type { World } from '../library/world.ts';

const namespace = 'services';
const ports = { http: 8080, http2: 8081, tcp: 9000 };
const unready = { readinessProbe: { exec: { command: ['node', '--eval', 'process.exit(1)'] } } };

export function servicesOfEveryKind(world: () => World): void {
  const call = async (...args: readonly string[]): Promise<Outcome> =>
    await callFrom(world(), clientInside, ...args);

  const untilServed = async (url: string): Promise<void> => {
    await world().until(async () => ((await call(url)).status === 200 ? true : undefined));
  };

  describe('services of every kind', () => {
    beforeAll(async () => {
      await world().apply(
        ...namespaceWithPrograms(namespace, meshed),
        ...workload({ namespace, name: 'web', run: ['server'], ports, container: serverReadiness }),
        ...workload({
          namespace,
          name: 'db',
          kind: 'StatefulSet',
          replicas: 2,
          run: ['server'],
          ports,
          container: serverReadiness,
          spec: { podManagementPolicy: 'Parallel' },
        }),
        ...workload({ namespace, name: 'slow', run: ['server'], ports, container: unready }),
        ...workload({ namespace: outside, name: 'legacy', run: ['server'], ports }),
        ...services,
      );
      await untilMeshed(world(), namespace, 'web');
      await world().rolledOut(namespace, 'statefulset/db');
      await world().rolledOut(outside, 'deployment/legacy');
      await world().until(async () => {
        const pods = await world().pods(namespace, 'app=db');
        const isDone = pods.every(({ spec }) => spec.initContainers.some(({ name }) => name === 'mw-proxy'));
        return pods.length === 2 && isDone ? true : undefined;
      });
      await world().rolledOut(namespace, 'statefulset/db');
      // The sidecar of the client hears of pods a moment after `kubectl rollout status`.
      for (const host of ['many', 'db-0.db', 'db-1.db'])
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await untilServed(`http://${host}.${namespace}${host === 'many' ? '' : ':8080'}/`);
    });

    afterAll(() => world().removeNamespace(namespace));

    test('ports by number and by name, several in a Service, several Services of a pod', async () => {
      const outcomes = [
        await call(`http://many.${namespace}/`),
        await call(`h2://many.${namespace}:81/`),
        await call(`http://other.${namespace}:8000/`),
      ];

      expect(outcomes.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(outcomes.map(callerIn)).toEqual([clientIdentity, clientIdentity, clientIdentity]);
    });

    test('a port is HTTP by appProtocol or by its name; one that says nothing is TCP, and works', async () => {
      const [byName, undeclared] = [
        await call(`http://named.${namespace}/`),
        await call(`http://undeclared.${namespace}/`),
      ];

      expect([byName.status, callerIn(byName)]).toEqual([200, clientIdentity]);
      expect(undeclared.status).toBe(200);
    });

    test('a server that speaks first is heard at once', async () => {
      // Who waits for the client's first byte waits half a second each time: once it must not, however busy the machine is.
      const isQuick = await world().until(async () => {
        const { body, ms } = await call(`tcp://many.${namespace}:82`);
        expect(body).toMatch(/^hello from web-/);
        return ms < 450 ? true : undefined;
      });

      expect(isQuick).toBe(true);
    });

    test('datagrams go their way', async () => {
      expect((await call(`udp://many.${namespace}:83`)).body).toBe('echo datagram');
    });

    test('headless: each pod of a StatefulSet by its own name, and any of them by that of the Service', async () => {
      const outcomes = [
        await call(`http://db-0.db.${namespace}:8080/`),
        await call(`http://db-1.db.${namespace}:8080/`),
        await call(`http://db.${namespace}:8080/`),
      ];
      const tcp = await call(`tcp://db-1.db.${namespace}:9000`);

      expect(outcomes.slice(0, 2).map((outcome) => seenBy(outcome).pod)).toEqual(['db-0', 'db-1']);
      expect(outcomes.map(callerIn)).toEqual([clientIdentity, clientIdentity, clientIdentity]);
      expect(tcp.body).toBe('hello from db-1\n');
    });

    test('without a selector, with hand-made endpoints: in plaintext to whoever has no sidecar, else over mutual TLS', async () => {
      const [legacy] = await world().pods(outside, 'app=legacy');
      const [web] = await world().pods(namespace, 'app=web');
      await world().apply(
        slice('by-hand', { addresses: [legacy?.status.podIP] }),
        slice('by-hand-meshed', { addresses: [web?.status.podIP] }),
      );

      const answers = await Promise.all(
        ['by-hand', 'by-hand-meshed'].map((name) =>
          world().until(async () => {
            const outcome = await call(`http://${name}.${namespace}:8080/`);
            return outcome.status === 200 ? outcome : undefined;
          }),
        ),
      );

      expect(answers.map((answer) => seenBy(answer).pod)).toEqual([
        legacy?.metadata.name,
        web?.metadata.name,
      ]);
      expect(answers.map(callerIn)).toEqual([undefined, clientIdentity]);
    });

    test('pods that are not ready are called where the Service says so, and nowhere else', async () => {
      const [published, ready] = [
        await call(`http://published.${namespace}:8080/`),
        await call(`http://slow.${namespace}:8080/`),
      ];

      expect([published.status, ready.status]).toEqual([200, 503]);
    });

    test('a Service without endpoints answers 503 and says why', async () => {
      const outcome = await call(`http://nobody.${namespace}:8080/`);

      expect([outcome.status, outcome.body]).toEqual([503, 'no healthy upstream']);
    });

    test('a pod calls its own Service, and itself', async () => {
      const itself = { namespace, app: 'web' } as const;
      const [web] = await world().pods(namespace, 'app=web');

      const outcomes = [
        await callFrom(world(), itself, `http://many.${namespace}/`),
        await callFrom(world(), itself, `http://${web?.status.podIP}:8080/`),
        await callFrom(world(), itself, 'http://127.0.0.1:8080/'),
      ];

      expect(outcomes.map(({ status }) => status)).toEqual([200, 200, 200]);
    });

    test('what the mesh does not know is reached as without it', async () => {
      const [legacy] = await world().pods(outside, 'app=legacy');

      const outcome = await call(`http://${legacy?.status.podIP}:8080/`);

      expect([outcome.status, callerIn(outcome)]).toEqual([200, undefined]);
    });
  });
}

const toWeb = { selector: { app: 'web' } };

const services: readonly object[] = [
  service(
    namespace,
    'many',
    [
      { name: 'one', port: 80, targetPort: 'http', appProtocol: 'http' },
      { name: 'two', port: 81, targetPort: 'http2', appProtocol: 'kubernetes.io/h2c' },
      { name: 'three', port: 82, targetPort: 'tcp', appProtocol: 'mysql' },
      { name: 'four', port: 83, targetPort: 9000, protocol: 'UDP' },
    ],
    toWeb,
  ),
  service(namespace, 'other', [{ name: 'http', port: 8000, targetPort: 8080 }], toWeb),
  service(namespace, 'named', [{ name: 'http-web', port: 80, targetPort: 'http' }], toWeb),
  service(namespace, 'undeclared', [{ name: 'something', port: 80, targetPort: 'http' }], toWeb),
  service(namespace, 'db', serverPorts, { selector: { app: 'db' }, clusterIP: 'None' }),
  service(namespace, 'slow', serverPorts),
  service(namespace, 'published', serverPorts, { selector: { app: 'slow' }, publishNotReadyAddresses: true }),
  service(namespace, 'nobody', serverPorts),
  service(namespace, 'by-hand', serverPorts, {}),
  service(namespace, 'by-hand-meshed', serverPorts, {}),
];

function slice(name: string, endpoint: object): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, appProtocol: 'http' }],
    endpoints: [{ ...endpoint, conditions: { ready: true } }],
  };
}
