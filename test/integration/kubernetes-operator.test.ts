// What a user of a cluster sees of policies: conditions that wait for every proxy's acknowledgement, columns, refusals.
// Real API server, real kubectl, the operator as its own process, real Envoys.
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { typeUrl, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { formatNodeId } from '../../operator/values/node-id.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { apiServerAvailable } from '../support/kubernetes.ts';
import { type ShopCluster, startShopCluster } from '../support/operator/shop-cluster.ts';
import {
  reviewsSplit,
  securityPolicy,
  service,
  serviceAccount,
  shopPods,
  trafficPolicy,
} from '../support/operator/shop.ts';
import { splitOfReviews } from '../support/pod-proxy.ts';
import { connectXds } from '../support/xds-client.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const reviews = 'trafficpolicy/reviews';
const programmed = 'condition=Programmed';

suite('policies on a cluster', () => {
  const closing = new Closing();
  let cluster: ShopCluster;

  const forGeneration = async (what: string): Promise<number[]> => {
    const { status } = await cluster.get(what);
    return (status?.conditions ?? []).map(({ observedGeneration }) => observedGeneration);
  };
  const splits = (): Promise<unknown[]> => Promise.all([...cluster.proxies.values()].map(splitOfReviews));

  beforeAll(async () => {
    cluster = await startShopCluster();
    closing.add(() => cluster.stop());
  });
  afterAll(() => closing.close());

  test('a certificate for each service account in use lies in a Secret, and for no other', async () => {
    await cluster.apply(serviceAccount('unused'));

    const listed = await cluster.kubectl(['get', 'secrets', '-o', 'json']);
    const { items } = JSON.parse(listed) as { items: readonly SecretObject[] };

    expect(
      items.map(({ metadata: { name }, type, data }) => [name, type, Object.keys(data).toSorted()]),
    ).toEqual([
      ['meshwright-productpage', 'kubernetes.io/tls', ['ca.crt', 'tls.crt', 'tls.key']],
      ['meshwright-reviews', 'kubernetes.io/tls', ['ca.crt', 'tls.crt', 'tls.key']],
    ]);
    expect(items.map(({ metadata }) => metadata.ownerReferences)).toEqual([undefined, undefined]);
  });

  test('kubectl wait returns when every proxy obeys', async () => {
    await cluster.apply(reviewsSplit(90, 10));
    await cluster.waitFor(reviews, programmed);

    expect(await splits()).toEqual(shopPods.map(() => ({ v1: 90, v2: 10 })));
    const { status } = await cluster.get(reviews);
    expect(status?.proxies).toEqual({ programmed: 3, total: 3, summary: '3/3' });
  });

  test('kubectl wait does not return while one proxy has not acknowledged, and the status names it', async () => {
    cluster.proxy('reviews-v1-0').signal('SIGSTOP');
    try {
      await cluster.apply(reviewsSplit(50, 50));
      await cluster.waitFor(reviews, 'jsonpath={.status.proxies.summary}=2/3');
      await expect(cluster.waitFor(reviews, programmed, 2)).rejects.toThrow('timed out');

      expect(await cluster.condition(reviews, 'Programmed')).toEqual({
        type: 'Programmed',
        status: 'False',
        observedGeneration: 2,
        lastTransitionTime: expect.any(String),
        reason: 'Pending',
        message: expect.stringMatching(
          /^2 of 3 proxies have acknowledged generation 2\. Waiting for Pod\/shop\/reviews-v1-0 since \S+Z; if this lasts, see the logs of its sidecar\. Generation 1 still runs on 1 proxy\.$/,
        ),
      });
      expect((await cluster.get(reviews)).status?.proxies).toEqual({
        programmed: 2,
        total: 3,
        summary: '2/3',
      });
    } finally {
      cluster.proxy('reviews-v1-0').signal('SIGCONT');
    }
    await cluster.waitFor(reviews, programmed);

    expect(await splits()).toEqual(shopPods.map(() => ({ v1: 50, v2: 50 })));
    expect(await forGeneration(reviews)).toEqual([2, 2, 2]);
  });

  test('a proxy that is gone while its pod is there keeps what it acknowledged; the rest is Unknown until it is back', async () => {
    const [, , last] = shopPods;
    if (last === undefined) throw new Error('the shop has three pods');
    await cluster.stopProxy(last.name);
    await cluster.waitFor('mesh/default', 'jsonpath={.status.proxies.unreachable}=1');
    // Of each object the status is written by itself.
    const disconnected = await cluster.until(async () => {
      const found = await cluster.condition(reviews, 'Programmed');
      return found?.message.includes('disconnected') === true ? found : undefined;
    });
    expect(disconnected).toMatchObject({
      status: 'True',
      message: '3 of 3 proxies have acknowledged generation 2; 1 of these is disconnected and keeps it.',
    });

    await cluster.apply(reviewsSplit(70, 30));
    await cluster.waitFor(reviews, 'jsonpath={.status.proxies.summary}=2/3');
    expect(await cluster.condition(reviews, 'Programmed')).toMatchObject({
      status: 'Unknown',
      observedGeneration: 3,
      reason: 'Unreachable',
      message: expect.stringMatching(
        /^2 of 3 proxies have acknowledged generation 3\. Disconnected: Pod\/shop\/\S+ since \S+Z\. /,
      ),
    });

    await cluster.startProxy(last);
    await cluster.waitFor(reviews, 'jsonpath={.status.proxies.summary}=3/3');
    expect((await cluster.condition(reviews, 'Programmed'))?.status).toBe('True');
  });

  test('a second Envoy with the identity of a pod gets no configuration and is not counted, and an Event on the pod says so', async () => {
    const [pod] = shopPods;
    if (pod === undefined) throw new Error('the shop has pods');
    const own = cluster.proxy(pod.name);
    const second = await cluster.startProxy(pod);
    cluster.proxies.set(pod.name, own);
    try {
      const event = await cluster.until(async () => {
        const list = await cluster.kubectl([
          'get',
          'events',
          '--field-selector=reason=SecondProxy',
          '-o=json',
        ]);
        return (JSON.parse(list) as { readonly items: readonly object[] }).items[0];
      });

      expect(event).toMatchObject({
        type: 'Warning',
        involvedObject: { kind: 'Pod', name: pod.name },
        message: expect.stringMatching(
          /^A second Envoy \(127\.0\.0\.1\) requested the configuration of this pod /,
        ),
      });
      // The one that came back in the test before may be counted only now.
      await cluster.untilCurrent(shopPods.length);
      expect(await second.configDump({ resource: 'dynamic_listeners' })).toEqual({});
    } finally {
      await second.stop();
    }
  });

  test('who may call one Deployment is a matter of the proxies of its pods only', async () => {
    cluster.proxy('productpage-v1-0').signal('SIGSTOP');
    try {
      await cluster.apply(
        securityPolicy('reviews-v1', {
          targetRefs: [{ kind: 'Deployment', name: 'reviews-v1' }],
          authorization: {
            rules: [{ name: 'callers', action: 'Allow', from: [{ serviceAccounts: ['shop/productpage'] }] }],
          },
        }),
      );
      await cluster.waitFor('securitypolicy/reviews-v1', programmed);
    } finally {
      cluster.proxy('productpage-v1-0').signal('SIGCONT');
    }

    const { status } = await cluster.get('securitypolicy/reviews-v1');
    expect(status?.proxies).toEqual({ programmed: 1, total: 1, summary: '1/1' });
  });

  test('kubectl get shows target, conditions and proxies, also by short names and category', async () => {
    const table = async (...what: string[]): Promise<string[][]> => {
      const lines = (await cluster.kubectl(['get', ...what])).split('\n').filter((line) => line !== '');
      // The age of everything is a moment.
      return lines.map((line) =>
        line
          .trim()
          .replace(/\s(?:\d+[ms])+$/, ' 1s')
          .split(/\s{2,}|(?= 1s$)/)
          .map((cell) => cell.trim()),
      );
    };
    const policyColumns = ['NAME', 'TARGET', 'ACCEPTED', 'PROGRAMMED', 'PROXIES', 'AGE'];

    await cluster.waitFor('mesh/default', 'jsonpath={.status.policies.summary}=2/2');
    expect(await table('mesh')).toEqual([
      ['NAME', 'ACCEPTED', 'READY', 'PROXIES', 'POLICIES', 'AGE'],
      ['default', 'True', 'True', '3/3', '2/2', '1s'],
    ]);
    expect(await table('tp')).toEqual([policyColumns, ['reviews', 'reviews', 'True', 'True', '3/3', '1s']]);
    expect(await table('sp')).toEqual([
      policyColumns,
      ['reviews-v1', 'reviews-v1', 'True', 'True', '1/1', '1s'],
    ]);
    const all = await table('mesh,trafficpolicies,securitypolicies');
    expect(await table('meshwright')).toEqual(expect.arrayContaining(all));
    expect(all.map(([name]) => name)).toEqual([
      'NAME',
      'mesh.meshwright.dev/default',
      'NAME',
      'trafficpolicy.meshwright.dev/reviews',
      'NAME',
      'securitypolicy.meshwright.dev/reviews-v1',
    ]);
  });

  test('a policy whose target is missing says so, and takes effect when the target comes', async () => {
    const target = [{ kind: 'Service', name: 'ratings' }];
    await cluster.apply(
      trafficPolicy('ratings', { targetRefs: target, routes: [{ name: 'all', timeout: { request: '1s' } }] }),
    );
    await cluster.waitFor('tp/ratings', 'condition=Accepted=False');

    const accepted = await cluster.condition('tp/ratings', 'Accepted');
    expect(accepted?.reason).toBe('TargetNotFound');
    expect(accepted?.message).toMatch(/ratings.*\.$/);
    expect((await cluster.condition('tp/ratings', 'Programmed'))?.status).toBe('False');

    await cluster.apply(service('ratings'));
    await cluster.waitFor('tp/ratings', programmed);
  });

  test('each change of its conditions is told in an Event on the policy', async () => {
    const about = ['--field-selector=involvedObject.kind=TrafficPolicy,involvedObject.name=ratings'];
    const line = '{range .items[*]}{.type} {.reason}{"\\n"}{end}';
    const told = await cluster.until(async () => {
      const text = await cluster.kubectl(['get', 'events', ...about, `-o=jsonpath=${line}`]);
      const lines = text.trim().split('\n').toSorted();
      return lines.length >= 3 ? lines : undefined;
    });

    expect(told).toEqual(['Normal Accepted', 'Normal Programmed', 'Warning TargetNotFound']);
  });

  test('a policy that breaks a rule of the schema is refused by kubectl apply with a sentence', async () => {
    const noWeights = cluster.apply(reviewsSplit(0, 0));

    await expect(noWeights).rejects.toThrow('Give at least one backend a weight above 0.');
    expect((await cluster.get(reviews)).metadata.generation).toBe(3);
  });

  test('statuses that stay the same are not written', async () => {
    const quiet = ['tp/reviews', 'sp/reviews-v1'];
    const before = await Promise.all(quiet.map((what) => cluster.versionOf(what)));

    // Each of these makes the operator compute all statuses anew; the last one's is proof that it has.
    await cluster.apply(serviceAccount('another'), service('another'));
    await cluster.kubectl(['annotate', 'service', 'reviews', 'seen=true']);
    await cluster.apply(
      trafficPolicy('another', {
        targetRefs: [{ kind: 'Service', name: 'another' }],
        routes: [{ name: 'all', timeout: { request: '1s' } }],
      }),
    );
    await cluster.waitFor('tp/another', programmed);

    expect(await Promise.all(quiet.map((what) => cluster.versionOf(what)))).toEqual(before);
  });

  test('deleting a policy takes its effect away', async () => {
    expect(await splits()).toEqual(shopPods.map(() => ({ v1: 70, v2: 30 })));
    await cluster.kubectl(['delete', reviews]);

    await cluster.until(async () => ((await splits()).every((split) => split === null) ? true : undefined));
    await cluster.untilCurrent(shopPods.length);
  });

  test('no private key is anywhere but in its Secret: not in logs, debug pages, metrics, objects or the configuration of sidecars', async () => {
    const { items } = JSON.parse(await cluster.kubectl(['get', 'secrets', '-A', '-o', 'json'])) as {
      items: readonly SecretObject[];
    };
    const keys = items.flatMap(({ data }) => Object.values(data)).flatMap(privateKeysIn);
    const page = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${cluster.ports.adminPort}${path}`)).text();
    const debug = ['resources', 'ir', 'snapshot', 'proxies', 'status'].map((name) => `/debug/${name}`);
    const pages: string[] = [];
    // One at a time: only two may be read at once.
    for (const path of [...debug, '/metrics']) pages.push(await page(path));
    const shown = [
      ...pages,
      await cluster.kubectl(['get', 'meshwright,configmaps,leases,events,pods', '-A', '-o', 'json']),
      JSON.stringify(await cluster.operator.log()),
      ...(await Promise.all(
        [...cluster.proxies.values()].map(async (proxy) => JSON.stringify(await proxy.configDump())),
      )),
    ];

    // Those of two service accounts, and of the root.
    expect(keys.length).toBeGreaterThanOrEqual(3);
    expect(shown.filter((text) => text.length <= 100)).toEqual([]);
    const told = shown.filter((text) =>
      [...keys, 'PRIVATE KEY', btoa('-----BEGIN PRIVATE KEY')].some((key) => text.includes(key)),
    );
    expect(told).toEqual([]);
  });

  test('no private key is in the bytes that a sidecar gets, whatever it asks for', async () => {
    const [pod] = shopPods;
    if (pod === undefined) throw new Error('the shop has pods');
    const {
      'tls.crt': certificate = '',
      'tls.key': key = '',
      'ca.crt': roots = '',
    } = await cluster.secretOf(pod.app);
    const { uid } = (await cluster.get(`pod/${pod.name}`)).metadata;
    // A workload has one.
    await cluster.stopProxy(pod.name);
    const client = connectXds({
      port: cluster.ports.xdsPort,
      variant: 'delta',
      credentials: credentials.createSsl(Buffer.from(roots), Buffer.from(key), Buffer.from(certificate), {
        checkServerIdentity: () => undefined,
      }),
    });
    closing.add(async () => client.close());
    const nodeId = formatNodeId({ kind: 'Pod', namespace: 'shop', name: pod.name, uid });
    const types = new Set<string>(Object.values(typeUrl));
    // Of virtual hosts there are none to be had but by name.
    types.delete(typeUrl.virtualHost);
    for (const type of types) client.start(nodeId, type as TypeUrl, ['*']);
    const bytes: Buffer[] = [];
    while (types.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await client.next();
      client.ack(response);
      bytes.push(response.bytes);
      if (response.resources.length > 0) types.delete(response.typeUrl);
    }

    const all = Buffer.concat(bytes);
    const { items } = JSON.parse(await cluster.kubectl(['get', 'secrets', '-A', '-o', 'json'])) as {
      items: readonly SecretObject[];
    };
    const keys = items.flatMap(({ data }) => Object.values(data)).flatMap(privateKeysIn);
    const forms = ['PRIVATE KEY', ...keys, ...keys.map((line) => Buffer.from(line, 'base64'))];
    expect(['BEGIN CERTIFICATE', 'shop/reviews'].filter((text) => !all.includes(text))).toEqual([]);
    expect(forms.length).toBeGreaterThanOrEqual(7);
    expect(forms.filter((form) => all.includes(form))).toEqual([]);
  });

  test('in all this the operator had no error to log', async () => {
    const log = await cluster.operator.log();

    expect(log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});

interface SecretObject {
  readonly metadata: { readonly name: string; readonly ownerReferences?: unknown };
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
}

/** The first line of each, which is in whatever has the key. */
function privateKeysIn(base64: string): readonly string[] {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  return [...text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s+(\S+)/g)].map(([, line = '']) => line);
}
