// What policies on a cluster do to real requests: each Pod has its own network namespace with an application, a real
// Envoy and the redirection rules that an injected Pod gets. Needs Linux, root, ip and iptables.
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import type { PodProxy } from '../support/pod-proxy.ts';
import {
  appPort,
  namespace,
  reviewsSplit,
  securityPolicy,
  service,
  type ShopPod,
  shopPods,
  trafficPolicy,
} from '../support/operator/shop.ts';
import { operatorNamespace, type ShopCluster } from '../support/operator/shop-cluster.ts';
import { shopNetworkMissing, type ShopNetwork, startShopNetwork } from '../support/operator/shop-network.ts';
import { type Answer, ipv6Of, type NetworkPod } from '../support/pod-network/network.ts';

const missing = await shopNetworkMissing();
if (missing.length > 0) process.stderr.write(`NOT RUN: ${missing.join(' ')}\n`);
const suite = missing.length === 0 ? describe : describe.skip;

const productpageId = 'spiffe://cluster.local/ns/shop/sa/productpage';
const reviewsV1 = '10.1.0.2';

suite('real requests between pods', () => {
  const closing = new Closing();
  let cluster: ShopCluster;
  let shop: ShopNetwork;
  /** The virtual address of Service reviews. */
  let reviews: string;

  const productpage = (): NetworkPod => shop.pod('productpage-v1-0');

  beforeAll(async () => {
    shop = await startShopNetwork(closing, { spec: { telemetry: { accessLogs: [{ name: 'all' }] } } });
    ({ cluster, reviews } = shop);
  });
  afterAll(() => closing.close());

  test('a TrafficPolicy that is Programmed splits the very next requests', async () => {
    await cluster.apply(reviewsSplit(0, 100));
    await cluster.waitFor('trafficpolicy/reviews', 'condition=Programmed');
    const all = shares(await productpage().call(reviews, appPort, { count: 20 }));

    await cluster.apply(reviewsSplit(90, 10));
    await cluster.waitFor('trafficpolicy/reviews', 'condition=Programmed');
    const split = shares(await productpage().call(reviews, appPort, { count: 600 }));

    expect(all).toEqual(new Map([['reviews-v2', 20]]));
    expect([...split.keys()].toSorted()).toEqual(['reviews-v1', 'reviews-v2']);
    // 600 draws with 10 %: 60, give or take seven standard deviations.
    expect(Math.abs((split.get('reviews-v2') ?? 0) - 60)).toBeLessThan(52);
  });

  test('a Service that changes under its policy: the status says so, and the policy is in effect again when it is as before', async () => {
    const policy = 'trafficpolicy/reviews';
    const serving = (port: object): object => ({
      ...service('reviews'),
      spec: { clusterIP: reviews, selector: { app: 'reviews' }, ports: [{ name: 'http', ...port }] },
    });
    const untilRefused = async (reason: string, message: string): Promise<void> => {
      await cluster.waitFor(policy, `jsonpath={.status.conditions[?(@.type=="Accepted")].reason}=${reason}`);
      expect(await cluster.condition(policy, 'Accepted')).toMatchObject({ status: 'False', message });
      await cluster.waitFor(policy, 'condition=Programmed=false');
    };
    const untilInEffect = async (): Promise<void> => {
      await cluster.apply(serving({ port: appPort }));
      await cluster.waitFor(policy, 'condition=Accepted');
      await cluster.waitFor(policy, 'condition=Programmed');
      const answers = await productpage().call(reviews, appPort, { count: 20 });
      expect(shares(answers)).toEqual(new Map([['reviews-v2', 20]]));
    };
    await cluster.apply(reviewsSplit(0, 100, appPort));
    await untilInEffect();

    await cluster.apply(serving({ port: appPort, appProtocol: 'tcp' }));
    await untilRefused(
      'UnsupportedValue',
      'routes have no effect on TCP port shop/reviews/9080. Set appProtocol: http on the Service port if it serves HTTP.',
    );
    // A connection for each: they go to any version.
    const connections = await cluster.until(async () => {
      const answers = shares(await productpage().call(reviews, appPort, { count: 20 }));
      return answers.size === 2 ? answers : undefined;
    });
    expect([...connections.keys()].toSorted()).toEqual(['reviews-v1', 'reviews-v2']);
    await untilInEffect();

    await cluster.apply(serving({ port: appPort + 1, targetPort: appPort }));
    await untilRefused(
      'TargetNotFound',
      'Service shop/reviews has no TCP port 9080. Use one of its ports (9081) in targetRefs, or omit port.',
    );
    await untilInEffect();

    await cluster.kubectl(['delete', 'service', 'reviews']);
    await untilRefused(
      'TargetNotFound',
      'Service shop/reviews does not exist. Create it, or fix targetRefs.',
    );
    await untilInEffect();
  });

  test('what sidecars send to each other is encrypted, and the server knows who calls', async () => {
    const seenOnTheWire = await shop.pod('reviews-v1-0').watchFor('in-plain-sight', appPort);
    await cluster.apply(reviewsSplit(100, 0));
    await cluster.waitFor('trafficpolicy/reviews', 'condition=Programmed');
    const headers = { 'x-secret': 'in-plain-sight' };

    const [answer] = await productpage().call(reviews, appPort, { headers });
    const seen = JSON.parse(answer?.body ?? '') as { headers: Readonly<Record<string, string>> };
    expect(seen.headers['x-secret']).toBe('in-plain-sight');
    expect(seen.headers['x-forwarded-client-cert']).toContain(`URI=${productpageId}`);
    expect(await seenOnTheWire()).toBe(0);

    // The other way round: plaintext, which Permissive lets in, is seen.
    const [plain] = await shop.outsider.call(reviewsV1, appPort, { headers });
    expect(plain?.status).toBe(200);
    expect(await seenOnTheWire()).toBeGreaterThan(0);
  });

  test('a timeout for the Mesh holds until a policy of the Namespace overrides it, which its status says', async () => {
    const everyone = 'trafficpolicy/everyone';
    const elsewhere = ['--namespace', operatorNamespace];
    const untilEveryone = (condition: string): Promise<string> =>
      cluster.kubectl([...elsewhere, 'wait', everyone, `--for=${condition}`, '--timeout=60s']);
    const timeout = { targetRefs: [{ kind: 'Mesh', name: 'default' }], timeout: { request: '300ms' } };
    const metadata = { name: 'everyone', namespace: operatorNamespace };
    await cluster.kubectl(
      [...elsewhere, 'apply', '-f', '-'],
      [{ ...trafficPolicy('everyone', timeout), metadata }],
    );
    await untilEveryone('condition=Programmed');
    const [late] = await productpage().call(reviews, appPort, { path: '/slow' });
    expect(late?.status).toBe(504);

    await cluster.apply(
      trafficPolicy('patient', {
        targetRefs: [{ kind: 'Namespace', name: namespace }],
        timeout: { request: '0s' },
      }),
    );
    await cluster.waitFor('trafficpolicy/patient', 'condition=Programmed');
    const [answer] = await productpage().call(reviews, appPort, { path: '/slow' });
    expect(answer?.status).toBe(200);

    await untilEveryone('condition=Programmed=false');
    const conditions = '{range .status.conditions[*]}{.type}={.status} {.reason};{end}';
    expect(await cluster.kubectl([...elsewhere, 'get', everyone, '-o', `jsonpath=${conditions}`])).toBe(
      'Accepted=False Overridden;ResolvedRefs=True ResolvedRefs;Overridden=True Overridden;Programmed=False NotAccepted;',
    );
    await cluster.kubectl([...elsewhere, 'delete', everyone]);
    await cluster.kubectl(['delete', 'trafficpolicy', 'patient']);
  });

  test('a SecurityPolicy that is Programmed refuses the very next request, and the log names its rule', async () => {
    await cluster.apply(
      securityPolicy('reviews', {
        targetRefs: [{ kind: 'Service', name: 'reviews' }],
        authorization: {
          rules: [
            {
              name: 'no-productpage',
              action: 'Deny',
              from: [{ serviceAccounts: ['shop/productpage'] }],
              to: [{ paths: [{ value: '/private' }] }],
            },
          ],
        },
      }),
    );
    await cluster.waitFor('securitypolicy/reviews', 'condition=Programmed');

    const spellings = ['/private/1', '//private', '/%70rivate', '/x/../private', '/private;x'];
    for (const path of spellings) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, on one connection between the sidecars
      const [refused] = await productpage().call(reviews, appPort, { path });
      expect([path, refused?.status]).toEqual([path, 403]);
    }
    const [allowed] = await productpage().call(reviews, appPort, { path: '/public/1' });
    expect(allowed?.status).toBe(200);
    const proxy = cluster.proxy('reviews-v1-0');
    await proxy.waitFor(async () =>
      (await proxy.log()).some((line) => line.includes('shop/reviews/no-productpage')),
    );

    await cluster.kubectl(['delete', 'securitypolicy', 'reviews']);
    await cluster.until(async () => {
      const [again] = await productpage().call(reviews, appPort, { path: '/private/1' });
      return again?.status === 200 ? true : undefined;
    });
  });

  describe('with IPv6', () => {
    const reviewsV6 = ipv6Of(reviewsV1);
    const headers = { 'x-secret': 'in-plain-sight' };

    test('a pod that is called by address passes through both sidecars', async () => {
      const [answer] = await productpage().call(reviewsV6, appPort, { headers });
      const { app } = JSON.parse(answer?.body ?? '') as { readonly app: string };

      expect([answer?.status, app]).toEqual([200, 'reviews-v1']);
      await logged(cluster.proxy('productpage-v1-0'), `[${reviewsV6}]:${appPort}`);
      await logged(cluster.proxy('reviews-v1-0'), `[${reviewsV6}]:${appPort}`);
    });

    test('the endpoints of a headless Service are called with mutual TLS', async () => {
      await cluster.apply(headless('reviews-each'), ipv6Slice('reviews-each', shopPods));
      const seenId = await cluster.until(async () => {
        const [answer] = await productpage().call(reviewsV6, appPort, { headers });
        const seen = JSON.parse(answer?.body ?? '') as { headers: Readonly<Record<string, string>> };
        return seen.headers['x-forwarded-client-cert'];
      });

      expect(seenId).toContain(`URI=${productpageId}`);
    });

    test('routes lead from one headless Service to another, whichever of its endpoints was called', async () => {
      const others = shopPods.filter(({ name }) => name.startsWith('reviews-v2'));
      await cluster.apply(headless('reviews-others'), ipv6Slice('reviews-others', others));
      // The operator may see the policy before them, and it is in force without an endpoint, too.
      const clusters = [String(cluster.proxy('productpage-v1-0').adminPort), '/clusters'];
      await cluster.until(async () => {
        const lines = (await productpage().runProgram('admin.ts', clusters)).split('\n');
        const ofOthers = lines.filter((line) => line.includes('reviews-others')).join('\n');
        return others.every(({ address }) => ofOthers.includes(ipv6Of(address))) ? true : undefined;
      });
      await cluster.apply(
        trafficPolicy('reviews-each', {
          targetRefs: [{ kind: 'Service', name: 'reviews-each' }],
          routes: [{ backends: [{ service: { name: 'reviews-others', port: appPort } }] }],
        }),
      );
      await cluster.waitFor('trafficpolicy/reviews-each', 'condition=ResolvedRefs');
      await cluster.waitFor('trafficpolicy/reviews-each', 'condition=Programmed');

      expect(shares(await productpage().call(reviewsV6, appPort, { count: 5 }))).toEqual(
        new Map([['reviews-v2', 5]]),
      );
      await cluster.kubectl(['delete', 'trafficpolicy', 'reviews-each']);
      await cluster.kubectl(['delete', 'service/reviews-each', 'endpointslice/reviews-each-v6']);
      await cluster.kubectl(['delete', 'service/reviews-others', 'endpointslice/reviews-others-v6']);
    });
  });

  test('Strict refuses who comes without mutual TLS and says what is required', async () => {
    await cluster.apply(
      securityPolicy('strict', {
        targetRefs: [{ kind: 'Deployment', name: 'reviews-v1' }],
        mtls: { mode: 'Strict', transition: { type: 'Immediate' } },
      }),
    );
    await cluster.waitFor('securitypolicy/strict', 'condition=Programmed');

    const [plain] = await shop.outsider.call(reviewsV1, appPort);
    const [plainV6] = await shop.outsider.call(ipv6Of(reviewsV1), appPort);
    const [meshed] = await productpage().call(reviews, appPort);
    expect([plain?.status, plainV6?.status, meshed?.status]).toEqual([403, 403, 200]);
    expect(plain?.body).toContain('mutual TLS');
  });

  test('what `meshwright suggest` writes of the calls that were seen permits them, and no others', async () => {
    const statuses = async (): Promise<ReadonlySet<number>> => {
      // So many that both versions are called, whatever is drawn.
      const answers = await productpage().call(reviews, appPort, { count: 40 });
      return new Set(answers.map(({ status }) => status));
    };
    const outsider = async (): Promise<unknown> => (await shop.outsider.call('10.1.0.3', appPort))[0]?.status;
    await cluster.apply(reviewsSplit(50, 50));
    await cluster.waitFor('trafficpolicy/reviews', 'condition=Programmed');
    const log = async (): Promise<string> => (await cluster.proxy('reviews-v2-0').log()).join('\n');
    const { length: before } = await log();
    expect([await statuses(), await outsider()]).toEqual([new Set([200]), 200]);

    const traffic = `http://127.0.0.1:${cluster.ports.adminPort}/debug/traffic`;
    const args = ['--traffic', traffic, '--kubeconfig', cluster.server.kubeconfigPath];
    // Who has no identity is for people to decide about. Each sidecar reports when it is its turn.
    const wanted = [/name: reviews-v1-callers/, /name: reviews-v2-callers/, /^ *#.*10\.1\.0\.9/m];
    let written = '';
    await cluster
      .until(async () => {
        written = await suggested(args);
        return wanted.every((pattern) => pattern.test(written)) || undefined;
      })
      .catch(() => undefined);
    for (const pattern of wanted) expect(written).toMatch(pattern);
    // Envoy writes its log in its own time.
    await cluster.until(async () => {
      const ofLog = await suggested(['--access-log', '-', ...args.slice(2)], (await log()).slice(before));
      return ofLog.includes('to: [{ports: [9080], methods: ["GET"]') ? true : undefined;
    });
    const applied = await cluster.server.kubectl(
      ['apply', '-f', '-', '-o', 'name'],
      written.replaceAll('enforcement: Audit', 'enforcement: Enforce'),
    );
    expect(applied.stderr).toBe('');
    const names = applied.stdout.trim().split('\n');
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await cluster.waitFor(name, 'condition=Programmed');
    }

    expect([await statuses(), await outsider()]).toEqual([new Set([200]), 403]);
  });
});

/** What the program prints. Code 1: it has seen no calls yet. */
async function suggested(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = execFile(process.execPath, ['operator/suggest.ts', ...args], (error, stdout, stderr) => {
      if (error === null || error.code === 1) resolve(stdout);
      else reject(new Error(stderr));
    });
    program.stdin?.end(input);
  });
}

async function logged(proxy: PodProxy, text: string): Promise<void> {
  await proxy.waitFor(async () => (await proxy.log()).some((line) => line.includes(text)));
}

/** As the EndpointSlice controller would make it for the second family. */
function headless(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { clusterIP: 'None', selector: { app: 'reviews' }, ports: [{ name: 'http', port: appPort }] },
  };
}

function ipv6Slice(owner: string, pods: readonly ShopPod[]): object {
  const endpoints = pods
    .filter(({ app }) => app === 'reviews')
    .map(({ name, address }) => ({
      addresses: [ipv6Of(address)],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace, name },
    }));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${owner}-v6`, namespace, labels: { 'kubernetes.io/service-name': owner } },
    addressType: 'IPv6',
    endpoints,
    ports: [{ name: 'http', port: appPort, protocol: 'TCP' }],
  };
}

/** How many answers came from each application; all must be 200. */
function shares(answers: readonly Answer[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { status, body } of answers) {
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    const { app } = JSON.parse(body) as { readonly app: string };
    counts.set(app, (counts.get(app) ?? 0) + 1);
  }
  return counts;
}
