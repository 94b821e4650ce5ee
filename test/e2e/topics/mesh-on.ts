// A mesh is switched on: the operator in its pods, sidecars into workloads that run, mutual TLS between them, and who is
// refused then.
import { describe, expect, test } from '@jest/globals';
import { capture, type Connection, tlsVersion } from '../library/capture.ts';
import { callerIn, callFrom } from '../library/calls.ts';
import type { Figures } from '../library/figures.ts';
import {
  clientIdentity,
  clientInside,
  clientOutside,
  inside,
  outside,
  serverIdentity,
  serverUrl,
  setMtls,
  untilMeshed,
  untilProgrammed,
} from '../library/stage.ts';
import { isReady, ownNamespace, type World } from '../library/world.ts';

export const shop = 'shop';
const shopDeployments = ['productpage-v1', 'ratings-v1', 'reviews-v1', 'reviews-v2', 'reviews-v3'];
/** In a pod of productpage: calls reviews until its own sidecar has made a handshake for it, for a second at most. */
const callOverMutualTls = `
  const end = Date.now() + 1000;
  const stats = 'http://127.0.0.1:15000/stats?filter=shop/reviews.*ssl.handshake';
  do {
    await fetch('http://reviews:9080/').then((answer) => answer.text());
    const counted = await fetch(stats).then((answer) => answer.text());
    if (/ssl.handshake: [1-9]/.test(counted)) {
      console.log('mutual TLS');
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end)`;

export function meshOn(world: () => World, figures: Figures): void {
  describe('a mesh that is switched on', () => {
    const isMutualTls = async (): Promise<boolean> => {
      const pods = await world().pods(shop, 'app=productpage');
      const pod = pods.find((each) => isMeshed(each) && isReady(each));
      if (pod === undefined) return false;
      const exec = ['exec', pod.metadata.name, `--namespace=${shop}`, '--container=productpage', '--'];
      const { stdout } = await world().kubectl([
        ...exec,
        'node',
        '--input-type=module',
        '--eval',
        callOverMutualTls,
      ]);
      return stdout.includes('mutual TLS');
    };

    test('the operator runs as two pods, without rights that it misses, and accepts the Mesh', async () => {
      const pods = await world().pods(ownNamespace, 'app.kubernetes.io/component=operator');
      const logs = await Promise.all(
        pods.map(({ metadata }) =>
          world().mustKubectl(['logs', `--namespace=${ownNamespace}`, metadata.name]),
        ),
      );

      expect(pods.map(isReady)).toEqual([true, true]);
      expect(logs.join('').match(/.*(forbidden|"level":50).*/g)).toBeNull();
      await untilProgrammed(world(), 'mesh/default');
    });

    test('install.yaml once more changes nothing', async () => {
      const output = await world().applyFile('install.yaml');

      const changed = output.split('\n').filter((line) => !line.endsWith(' unchanged'));
      // kubectl always writes the selector of a PodDisruptionBudget anew: it is replaced as a whole.
      expect(changed).toEqual(['poddisruptionbudget.policy/meshwright-operator configured', '']);
    });

    test('a label on a namespace brings sidecars to all that runs there, and mutual TLS', async () => {
      await world().applyFile('samples/shop.yaml');
      await world().rolledOut(shop, ...shopDeployments.map((name) => `deployment/${name}`));
      const start = performance.now();

      await world().mustKubectl(['label', 'namespace', shop, 'meshwright.dev/mesh=enabled']);

      await world().until(async () => ((await isMutualTls()) ? true : undefined));
      figures.add(
        'from `kubectl label namespace` to the first request over mutual TLS',
        performance.now() - start,
      );
      // Those that come last in the queue have not begun yet.
      await untilMeshed(world(), shop, ...shopDeployments);
      const pods = await world().pods(shop, 'app');
      figures.add(
        'from the label until all five workloads of the shop are meshed',
        performance.now() - start,
      );
      expect(pods.map((pod) => isReady(pod) && isMeshed(pod))).toEqual(shopDeployments.map(() => true));
    });

    test('Permissive: whoever has no sidecar is served in plaintext, whoever has one over mutual TLS', async () => {
      const [fromOutside, fromInside] = [
        await callFrom(world(), clientOutside, serverUrl),
        await callFrom(world(), clientInside, serverUrl),
      ];

      expect([fromOutside.status, callerIn(fromOutside)]).toEqual([200, undefined]);
      expect([fromInside.status, callerIn(fromInside)]).toEqual([200, clientIdentity]);
    });

    test('on the wire there is TLS 1.3 between sidecars, and plaintext from whoever has none', async () => {
      const { machine } = world();
      if (machine === undefined) {
        process.stderr.write('NOT RUN: packets of a cluster elsewhere are out of reach.\n');
        return;
      }
      const [server] = await world().pods(inside, 'app=server');
      const [one] = await world().pods(inside, 'app=client');
      const [other] = await world().pods(outside, 'app=client');
      const addresses = [one?.status.podIP ?? '', other?.status.podIP ?? ''] as const;
      const over = new AbortController();
      const wire = capture(machine, { address: server?.status.podIP ?? '', port: 9000 }, addresses).finally(
        () => over.abort(),
      );
      const called = async (): Promise<void> => {
        // Until the capture has heard enough: the first may be too early for it.
        while (!over.signal.aborted)
          for (const client of [clientInside, clientOutside])
            // oxlint-disable-next-line no-await-in-loop -- one after the other
            await callFrom(world(), client, `tcp://server.${inside}:9000`);
      };

      // The server speaks first: on the last ones it may not have begun when the capture ended.
      const [captured] = await Promise.all([wire, called()]);
      const connections = captured.filter(({ fromServer }) => fromServer.length > 0);
      const [meshed, plain] = addresses.map((address) =>
        connections.filter(({ client }) => client === address),
      ) as [Connection[], Connection[]];
      expect(new Set(meshed.map(tlsVersion))).toEqual(new Set(['TLSv1.3']));
      expect(meshed.filter(isReadable)).toEqual([]);
      expect(new Set(plain.map(isReadable))).toEqual(new Set([true]));
    });

    test('HTTP/2 stays HTTP/2, and TCP is passed through', async () => {
      const http2 = await callFrom(world(), clientInside, `h2://server.${inside}:8081/`);
      const tcp = await callFrom(world(), clientInside, `tcp://server.${inside}:9000`);

      expect([http2.status, callerIn(http2)]).toEqual([200, clientIdentity]);
      expect(tcp.body).toMatch(/^hello from server-/);
    });

    test('Strict: plaintext is refused with a reason, or a closed connection', async () => {
      await setMtls(world(), 'Strict');

      const http = await callFrom(world(), clientOutside, serverUrl);
      const http2 = await callFrom(world(), clientOutside, `h2://server.${inside}:8081/`);
      const tcp = await callFrom(world(), clientOutside, `tcp://server.${inside}:9000`);
      const fromInside = await callFrom(world(), clientInside, serverUrl);

      expect([http.status, http.headers?.['x-meshwright-refused']]).toEqual([403, 'mtls-required']);
      expect(http2.status).toBe(403);
      expect(tcp.body).toBeUndefined();
      expect([fromInside.status, callerIn(fromInside)]).toEqual([200, clientIdentity]);
    });

    test('Strict: whoever speaks TLS sees who answers, in TLS 1.3', async () => {
      const outcome = await callFrom(world(), clientOutside, `tls://server.${inside}:8080`);

      expect(outcome).toMatchObject({ protocol: 'TLSv1.3', subjectaltname: `URI:${serverIdentity}` });
      await setMtls(world(), 'Permissive');
    });
  });
}

/** Whether what the server says first can be read. */
function isReadable({ fromServer }: Connection): boolean {
  return fromServer.includes('hello from server-');
}

function isMeshed({
  spec,
}: {
  readonly spec: { readonly initContainers: readonly { readonly name: string }[] };
}): boolean {
  return spec.initContainers.some(({ name }) => name === 'mw-proxy');
}
