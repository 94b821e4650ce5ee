// Sidecars with certificates from the real cert-manager: who calls is known, and a certificate authority that is replaced under its issuer refuses
// nobody. Each Pod has its own network namespace with a real Envoy. Needs Linux, root, ip and iptables.
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { certManagerAvailable, startCertManager } from '../support/cert-manager.ts';
import { caCertificate, caIssuer, selfSignedIssuer } from '../support/cert-manager/issuers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import type { ShopCluster } from '../support/operator/shop-cluster.ts';
import { shopNetworkMissing, type ShopNetwork, startShopNetwork } from '../support/operator/shop-network.ts';
import { appPort, shopPods } from '../support/operator/shop.ts';

const built = await certManagerAvailable();
const missing = [...(await shopNetworkMissing()), ...(built.available ? [] : [built.reason])];
if (missing.length > 0) process.stderr.write(`NOT RUN: ${missing.join(' ')}\n`);
const suite = missing.length === 0 ? describe : describe.skip;

const authority = { type: 'CertManager', issuerRef: { name: 'mesh-ca' } };
/** Each call over a connection of its own. */
const spec = {
  mtls: { mode: 'Strict' },
  certificates: { authority },
  defaults: { retry: { attempts: 0 }, connection: { maxRequests: 1 } },
};

suite('sidecars with certificates from cert-manager', () => {
  const closing = new Closing();
  let shop: ShopNetwork;
  let cluster: ShopCluster;
  const over = new AbortController();

  const rootOf = async (): Promise<string> => {
    const path = String.raw`jsonpath={.data.tls\.crt}`;
    const read = ['get', 'secret', 'mesh-root', '--namespace', 'cert-manager', '-o', path];
    return Buffer.from(await cluster.kubectl(read).catch(() => ''), 'base64').toString();
  };
  const isSignedBy = (pem: string, files: Readonly<Record<string, string>>): boolean =>
    new X509Certificate(files['tls.crt'] ?? '').verify(new X509Certificate(pem).publicKey);

  /** What kubelets do, until the test is over. */
  const mountSecrets = async (): Promise<void> => {
    const mounted = new Map<string, string>();
    while (!over.signal.aborted) {
      for (const { name, app } of shopPods) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other, as often as that goes
        const files = await cluster.secretOf(app);
        const text = JSON.stringify(files);
        // oxlint-disable-next-line no-await-in-loop
        if (mounted.get(name) !== text) await cluster.proxy(name).mount(files);
        mounted.set(name, text);
      }
    }
  };

  beforeAll(async () => {
    shop = await startShopNetwork(closing, {
      spec,
      prepare: async (empty) => {
        const certManager = await startCertManager(empty.server);
        closing.add(() => certManager.stop());
        const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'meshwright-system' } };
        const documents = [
          own,
          selfSignedIssuer('self'),
          caCertificate('mesh-root', 'self'),
          caIssuer('mesh-ca', 'mesh-root'),
        ];
        const input = documents.map((document) => JSON.stringify(document)).join('\n---\n');
        expect(await empty.server.kubectl(['apply', '-f', '-'], input)).toMatchObject({ code: 0 });
      },
    });
    ({ cluster } = shop);
  });
  afterAll(() => closing.close());

  test('who calls is known by the SPIFFE ID that the issuer certified', async () => {
    const [answer] = await shop.pod('productpage-v1-0').call(shop.reviews, appPort);

    expect(answer?.status).toBe(200);
    const seen = JSON.parse(answer?.body ?? '') as { headers: Readonly<Record<string, string>> };
    expect(seen.headers['x-forwarded-client-cert']).toContain(
      'URI=spiffe://cluster.local/ns/shop/sa/productpage',
    );
    expect(isSignedBy(await rootOf(), await cluster.secretOf('productpage'))).toBe(true);
  });

  test('a certificate authority that is replaced under its issuer refuses nobody', async () => {
    const former = await rootOf();
    const statuses = new Map<number, number>();
    const load = async (): Promise<void> => {
      while (!over.signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- one call after the other
        for (const { status } of await shop
          .pod('productpage-v1-0')
          .call(shop.reviews, appPort, { count: 10 }))
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const running = [load(), mountSecrets()];
    try {
      await cluster.kubectl(['delete', 'secret', 'mesh-root', '--namespace', 'cert-manager']);
      const renewed = await cluster.until(async () => {
        const pem = await rootOf();
        return pem === '' || pem === former ? undefined : pem;
      });
      const certificates = { issuedAfter: new Date().toISOString() };
      const patch = JSON.stringify({ spec: { certificates } });
      await cluster.kubectl(['patch', 'mesh', 'default', '--type=merge', '-p', patch]);
      await cluster.waitFor('mesh/default', 'condition=RootRotated', 180);

      for (const app of ['productpage', 'reviews'])
        // oxlint-disable-next-line no-await-in-loop
        expect(isSignedBy(renewed, await cluster.secretOf(app))).toBe(true);
      await cluster.untilCurrent(shop.size);
    } finally {
      over.abort();
      await Promise.all(running);
    }
    expect([...statuses.keys()]).toEqual([200]);
    expect(statuses.get(200)).toBeGreaterThan(50);
  });
});
