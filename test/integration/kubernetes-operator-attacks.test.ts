// What somebody may try who has a pod beside the mesh, or a namespace in it: on real requests between pods, each with a network
// namespace of its own, a real Envoy and the redirection rules that an injected pod gets. Needs Linux, root, ip and iptables.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ofKubelet } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { appPort, service, serviceAccount, type ShopPod } from '../support/operator/shop.ts';
import type { ShopCluster } from '../support/operator/shop-cluster.ts';
import { shopNetworkMissing, type ShopNetwork, startShopNetwork } from '../support/operator/shop-network.ts';
import { ipv6Of, type NetworkPod } from '../support/pod-network/network.ts';

const missing = await shopNetworkMissing();
if (missing.length > 0) process.stderr.write(`NOT RUN: ${missing.join(' ')}\n`);
const suite = missing.length === 0 ? describe : describe.skip;

const run = promisify(execFile);
const reviewsV1 = '10.1.0.2';
/** Leads to it. */
const nodePort = 30_080;

/**
 * Connects, sends a line and stays. Prints `closed` when the other side ends the connection, `refused` when there was none, `open`
 * after half a minute.
 */
const linger = (host: string, port: number): string => `
  let how = 'refused';
  const over = () => { console.log(how); process.exit(0); };
  const greet = () => { how = 'closed'; socket.write('GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'); };
  const socket = require('node:net').connect(${port}, '${host}', greet);
  socket.on('close', over).on('error', () => {}).resume();
  setTimeout(() => { how = 'open'; over(); }, 30_000);`;

suite('an attacker', () => {
  const closing = new Closing();
  let cluster: ShopCluster;
  let shop: ShopNetwork;
  /** The virtual address of Service reviews. */
  let reviews: string;

  const productpage = (): NetworkPod => shop.pod('productpage-v1-0');
  /** Until the sidecar of productpage has it in its configuration. */
  const untilKnown = async (name: string): Promise<true> => {
    const asked = [String(cluster.proxy('productpage-v1-0').adminPort), '/config_dump'];
    return await cluster.until(async () =>
      (await productpage().runProgram('admin.ts', asked)).includes(name) ? true : undefined,
    );
  };

  beforeAll(async () => {
    shop = await startShopNetwork(closing);
    ({ cluster, reviews } = shop);
  });
  afterAll(() => closing.close());

  describe.each(['Permissive', 'Strict', 'Disabled'])('mTLS %s', (mode) => {
    beforeAll(async () => {
      if (mode === 'Permissive')
        await shop.node.openPort({ port: nodePort, to: { address: reviewsV1, port: appPort } });
      await cluster.apply({
        apiVersion: 'meshwright.dev/v1alpha1',
        kind: 'Mesh',
        metadata: { name: 'default' },
        spec: { mtls: { mode, transition: { type: 'Immediate' } } },
      });
      await cluster.waitFor('mesh/default', 'condition=Programmed');
    });

    test.each([
      ['of another pod', 'outsider', reviewsV1],
      ['of another pod, by IPv6', 'outsider', ipv6Of(reviewsV1)],
      ['of its own pod', 'inside', reviewsV1],
      ['of its own pod, by loopback', 'inside', '127.0.0.1'],
    ])(
      'the ports of a sidecar are never a destination: who connects to those %s is cut off, and no connection goes round',
      async (_, from, host) => {
        const pod = from === 'inside' ? shop.pod('reviews-v1-0') : shop.outsider;
        const [program = '', ...args] = pod.place.inside;
        const [enter = '', ...into] = shop.pod('reviews-v1-0').place.inside;
        const sockets = async (): Promise<number> => {
          const { stdout } = await run(enter, [...into, 'cat', '/proc/self/net/tcp', '/proc/self/net/tcp6'], {
            maxBuffer: 100_000_000,
          });
          return stdout.split('\n').length;
        };
        const before = await sockets();

        const endings = await Promise.all(
          [15001, 15006].map(async (port) => {
            const { stdout } = await run(program, [...args, process.execPath, '-e', linger(host, port)]);
            return stdout.trim();
          }),
        );

        const [answer] = await productpage().call(reviews, appPort);
        expect([answer?.status, ...endings]).toEqual([200, 'closed', 'closed']);
        // One that goes round takes all that the sidecar may have, which are thousands.
        expect((await sockets()) - before).toBeLessThan(100);
      },
    );

    const kubelet = { path: '/healthz', headers: { ...ofKubelet, host: `${reviewsV1}:${appPort}` } };
    test.each<readonly [string, () => Promise<readonly { readonly status: number }[]>]>([
      ['by the address of the pod', () => shop.outsider.call(reviewsV1, appPort)],
      ['by its IPv6 address', () => shop.outsider.call(ipv6Of(reviewsV1), appPort)],
      ['from the node, as the kubelet', () => shop.node.call(reviewsV1, appPort)],
      ['from the node, by a path that is no probe', () => shop.node.call(reviewsV1, appPort, kubelet)],
      ['by a port of the node', () => shop.outsider.call(shop.node.address, nodePort)],
      ['by localhost of the node', () => shop.node.call('127.0.0.1', nodePort)],
    ])('plaintext %s gets to the application, unless Strict is in force', async (_, call) => {
      const [answer] = await call();

      expect(answer?.status).toBe(mode === 'Strict' ? 403 : 200);
    });
  });

  // Before the policy there is nothing to guard, so it is there first, if only just.
  test('a sidecar that starts while its policy is being made, or with its operator, is open at no moment', async () => {
    const late: ShopPod = { name: 'ratings-v1-0', app: 'ratings', version: 'v1', address: '10.1.0.7' };
    const { place, start } = await shop.prepare(late);
    const read = await shop.outsider.startProgram('knock.ts', [late.address, String(appPort)]);
    const untilRefused = async (): Promise<true> => {
      const { length } = await read();
      return await cluster.until(async () =>
        (await read()).slice(length).includes('403') ? true : undefined,
      );
    };
    const own = { app: late.app };
    await cluster.apply(serviceAccount(late.app), service(late.app));
    await cluster.apply({
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: { name: 'nobody' },
      spec: { selector: { matchLabels: own }, authorization: { rules: [] } },
    });
    await cluster.applyPods([late]);
    await start();
    await untilRefused();
    await cluster.stopProxy(late.name);
    await cluster.operator.kill();
    await Promise.all([cluster.startOperatorAgain(), start()]);
    await untilRefused();

    const heard = new Set((await read()).split('\n'));
    expect([...heard].toSorted()).toEqual(['', '403', 'listening', 'none']);
    // Somebody would have answered.
    expect((await place.call('127.0.0.1', appPort))[0]?.status).toBe(200);
    await cluster.stopProxy(late.name);
    await cluster.kubectl([
      'delete',
      'securitypolicy/nobody',
      `pod/${late.name}`,
      '--force',
      '--grace-period=0',
    ]);
    await cluster.untilCurrent(shop.size);
  });

  test('takes no traffic to addresses of others: a Service, a pod, an outside address', async () => {
    const evil = { namespace: 'evil' };
    const meta = (name: string): object => ({ name, ...evil });
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'evil' } },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: meta('trap'),
        spec: { clusterIP: 'None', ports: [{ name: 'http', port: appPort }] },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...meta('trap-1'), labels: { 'kubernetes.io/service-name': 'trap' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [reviews] }, { addresses: [reviewsV1] }, { addresses: ['10.1.0.9'] }],
        ports: [{ name: 'http', port: appPort, protocol: 'TCP' }],
      },
      {
        apiVersion: 'meshwright.dev/v1alpha1',
        kind: 'ExternalWorkload',
        metadata: { ...meta('thief'), labels: { app: 'trap' } },
        spec: { address: reviews, ports: [{ port: appPort }] },
      },
      {
        apiVersion: 'meshwright.dev/v1alpha1',
        kind: 'TrafficPolicy',
        metadata: meta('trap'),
        spec: {
          targetRefs: [{ kind: 'Service', name: 'trap' }],
          routes: [{ fault: { abort: { status: 418, percentage: 100 } } }],
        },
      },
    ];
    const applied = await cluster.server.kubectl(
      ['apply', '-f', '-'],
      objects.map((object) => JSON.stringify(object)).join('\n---\n'),
    );
    expect(applied.stderr).toBe('');
    const evilOnes = ['-n', 'evil'];
    const wait = ['wait', '--timeout=60s'];
    await cluster.kubectl([...wait, '--for=condition=Accepted', 'trafficpolicy/trap', ...evilOnes]);
    const told = await cluster.until(async () => {
      const text = await cluster.kubectl(['get', 'externalworkload/thief', ...evilOnes, '-o', 'yaml']);
      return text.includes('conditions:') ? text : undefined;
    });

    const event = await cluster.until(async () => {
      const field = ['--field-selector', 'reason=AddressConflict,involvedObject.name=trap'];
      const text = await cluster.kubectl(['get', 'events', ...evilOnes, ...field, '-o', 'yaml']);
      return text.includes('involvedObject') ? text : undefined;
    });
    await cluster.kubectl([...wait, '--for=condition=ResolvedRefs=False', 'trafficpolicy/trap', ...evilOnes]);
    // Before the sidecars have it there is nothing to take.
    await cluster.kubectl([...wait, '--for=condition=Programmed', 'trafficpolicy/trap', ...evilOnes]);
    await untilKnown('outbound/trap.evil');
    const answers = await Promise.all(
      [reviews, reviewsV1, '10.1.0.9'].map(
        async (host) => (await productpage().call(host, appPort))[0]?.status,
      ),
    );

    expect(event.replaceAll(/\n +/g, ' ')).toContain(`${reviews} (Service shop/reviews)`);
    expect(answers).toEqual([200, 200, 200]);
    expect(told.replaceAll(/\n +/g, ' ')).toContain(`Address ${reviews} belongs to Service shop/reviews`);
  });

  test('does not reach the application of a caller by the caller’s own loopback address', async () => {
    const meta = { name: 'mirror', namespace: 'mirror' };
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mirror' } },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: meta,
        spec: { selector: { app: 'mirror' }, ports: [{ name: 'http', port: appPort }] },
      },
      ...['127.0.0.1', '::1', 'fd00:1:0::0002'].map((address, index) => {
        return {
          apiVersion: 'meshwright.dev/v1alpha1',
          kind: 'ExternalWorkload',
          metadata: { ...meta, name: `mirror-${index}`, labels: { app: 'mirror' } },
          spec: { address, ports: [{ port: appPort }] },
        };
      }),
    ];
    const documents = objects.map((object) => JSON.stringify(object)).join('\n---\n');
    const applied = await cluster.server.kubectl(['apply', '-f', '-'], documents);
    expect(applied.stderr).toBe('');
    const inMirror = ['-n', 'mirror'];
    const refused = [...inMirror, 'wait', 'externalworkloads', '--all', '--timeout=60s'];
    await cluster.kubectl([...refused, '--for=condition=Accepted=False']);
    const get = ['get', 'service', 'mirror', '-o', 'jsonpath={.spec.clusterIP}'];
    const mirror = await cluster.kubectl([...inMirror, ...get]);

    await untilKnown('outbound/mirror.mirror');
    const [answer] = await productpage().call(mirror, appPort);

    expect(answer?.status).toBe(503);
  });

  // Last: it takes the Service away.
  describe('what guarded a pod guards it', () => {
    const guard = 'securitypolicy/reviews-guard';
    /** What a pod without a sidecar gets that calls the pod itself. */
    const answer = async (): Promise<number | undefined> =>
      (await shop.outsider.call(reviewsV1, appPort))[0]?.status;
    const until = (status: number): Promise<true> =>
      cluster.until(async () => ((await answer()) === status ? true : undefined));
    const recorded = async (): Promise<true | undefined> => {
      const text = await cluster.kubectl(['get', 'pod/reviews-v1-0', '-o', 'yaml']);
      return text.includes('meshwright.dev/guarded-by') ? true : undefined;
    };
    /** Until the operator has seen what is gone and sidecars have what it makes of that. */
    const untilTold = (): Promise<true> =>
      cluster.until(async () => {
        const told = await cluster.condition(guard, 'Accepted');
        return told?.message.includes('still applies to pods') === true ? true : undefined;
      });

    beforeAll(async () => {
      await cluster.apply(
        { apiVersion: 'meshwright.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
        {
          apiVersion: 'meshwright.dev/v1alpha1',
          kind: 'SecurityPolicy',
          metadata: { name: 'reviews-guard' },
          spec: {
            targetRefs: [{ kind: 'Service', name: 'reviews' }],
            authorization: {
              rules: [
                {
                  name: 'shop',
                  action: 'Allow',
                  from: [{ namespaces: ['shop'] }],
                  to: [{ methods: ['GET'] }],
                },
              ],
            },
          },
        },
      );
      await until(403);
      await cluster.until(recorded);
    });

    test('when its labels are changed', async () => {
      await cluster.kubectl(['label', 'pod/reviews-v1-0', '--overwrite', 'app=elsewhere']);
      await untilTold();
      expect(await answer()).toBe(403);
    });

    test('when the Service is deleted', async () => {
      await cluster.kubectl(['delete', 'service/reviews']);
      await cluster.until(async () => {
        const told = await cluster.condition(guard, 'Accepted');
        return told?.reason === 'TargetNotFound' ? true : undefined;
      });
      await cluster.untilCurrent(shop.size);
      expect(await answer()).toBe(403);
    });

    test('when the operator starts anew', async () => {
      await cluster.startOperatorAgain();
      await cluster.untilConnected(shop.size);
      await cluster.untilCurrent(shop.size);
      expect(await answer()).toBe(403);
    });

    test('until the policy is deleted', async () => {
      await cluster.kubectl(['delete', guard]);
      await until(200);
      await cluster.until(async () => ((await recorded()) === undefined ? true : undefined));
      expect(await answer()).toBe(200);
    });
  });
});
