// Certificates from the real cert-manager, on a real API server, with the permissions that deploy/ gives: its issuers answer, refuse, keep us
// waiting, disappear, and change their root.
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { pemText } from '../../operator/certificates/root.ts';
import { pemsOf } from '../../operator/certificates/pems.ts';
import { makeCa } from '../support/brought-authority.ts';
import { certManagerAvailable, type CertManager, startCertManager } from '../support/cert-manager.ts';
import { caCertificate, caIssuer, selfSignedIssuer } from '../support/cert-manager/issuers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { installPolicies, meshedNamespace, operatorNamespace } from '../support/injection-policies.ts';
import { type ApiServer, apiServerAvailable, startApiServer } from '../support/kubernetes.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';

const missing = [await apiServerAvailable(), await certManagerAvailable()].flatMap((it) =>
  it.available ? [] : [it.reason],
);
if (missing.length > 0) process.stderr.write(`NOT RUN: ${missing.join(' ')}\n`);
const suite = missing.length === 0 ? describe : describe.skip;

const own = operatorNamespace;

const Files = z.object({ data: z.record(z.string(), z.string()) });
const Names = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

suite('certificates from cert-manager', () => {
  const closing = new Closing();
  let server: ApiServer;
  let certManager: CertManager;
  let kubeconfigPath: string;
  let operator: OperatorProcess;

  const kubectl = async (args: readonly string[], documents: readonly object[] = []): Promise<string> => {
    const input = documents.map((document) => JSON.stringify(document)).join('\n---\n');
    const { code, stdout, stderr } = await server.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const apply = (...documents: readonly object[]): Promise<string> =>
    kubectl(['apply', '-f', '-'], documents);
  const until = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> =>
    poll(ask, { intervalMs: 100, deadlineMs: 90_000 }).catch((error: unknown) => {
      throw new Error(`gave up waiting until ${what}`, { cause: error });
    });
  const start = async (): Promise<void> => {
    operator = await startOperator({ kubeconfigPath });
  };
  const restart = async (): Promise<void> => {
    await operator.terminate();
    await operator.stop();
    await start();
  };
  const askFor = (name: string, more: object = {}): Promise<string> =>
    apply(mesh({ certificates: { authority: { type: 'CertManager', issuerRef: { name }, ...more } } }));
  const condition = async (type: string): Promise<Condition | undefined> => {
    const path = `jsonpath={.status.conditions[?(@.type=="${type}")]}`;
    const text = await kubectl(['get', 'mesh/default', '-o', path]);
    return text === '' ? undefined : (JSON.parse(text) as Condition);
  };
  const untilCondition = async (type: string, reason: string, words = ''): Promise<Condition> => {
    let last: Condition | undefined;
    return until(`${type} is ${reason} ${words}`, async () => {
      last = await condition(type);
      return last?.reason === reason && last.message.includes(words) ? last : undefined;
    }).catch((error: unknown) => {
      throw new Error(`last: ${JSON.stringify(last)}`, { cause: error });
    });
  };
  /** PEM files of a Secret; undefined if there is none. */
  const secret = async (namespace: string, name: string): Promise<Record<string, string> | undefined> => {
    const { code, stdout } = await server.kubectl(['get', 'secret', name, '-n', namespace, '-o', 'json']);
    if (code !== 0) return undefined;
    const files = Object.entries(Files.parse(JSON.parse(stdout)).data);
    return Object.fromEntries(files.map(([file, text]) => [file, Buffer.from(text, 'base64').toString()]));
  };
  /** The certificate of a service account of the shop, once there is one that `isRight`. */
  const certified = (
    serviceAccount: string,
    isRight: (files: Readonly<Record<string, string>>) => boolean = () => true,
  ): Promise<Readonly<Record<string, string>>> =>
    until(`${serviceAccount} has a certificate`, async () => {
      const files = await secret('shop', `meshwright-${serviceAccount}`);
      return files !== undefined && isRight(files) ? files : undefined;
    });
  /** A service account in use. */
  const use = async (name: string): Promise<void> => {
    const metadata = { name, namespace: 'shop' };
    await apply(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: { serviceAccountName: name, containers: [{ name: 'app', image: 'example.test/app' }] },
          },
        },
      },
    );
  };
  const requests = async (): Promise<readonly string[]> => {
    const list = await kubectl(['get', 'certificaterequests', '-n', own, '-o', 'json']);
    return Names.parse(JSON.parse(list)).items.map(({ metadata }) => metadata.name);
  };
  const isFrom =
    (root: string) =>
    (files: Readonly<Record<string, string>>): boolean => {
      const leaf = new X509Certificate(files['tls.crt'] ?? '');
      return leaf.verify(new X509Certificate(root).publicKey);
    };

  /** PEM of the root that signs. */
  const inForce = async (): Promise<string> => (await secret(own, 'meshwright-ca'))?.['root.crt'] ?? '';
  /** As an approver by policy does. */
  const deny = async (name: string, message: string): Promise<void> => {
    const lastTransitionTime = new Date().toISOString();
    const denied = { type: 'Denied', status: 'True', reason: 'Policy', message, lastTransitionTime };
    const patch = JSON.stringify({ status: { conditions: [denied] } });
    const what = ['patch', 'certificaterequest', name, '-n', own, '--subresource=status'];
    await kubectl([...what, '--type=merge', '-p', patch]);
  };

  beforeAll(async () => {
    server = await startApiServer();
    closing.add(() => server.stop());
    certManager = await startCertManager(server);
    closing.add(() => certManager.stop());
    kubeconfigPath = await installPolicies(server, { withPolicies: false });
    await apply(meshedNamespace);
    await use('reviews');
    await start();
    closing.add(() => operator.stop());
  });
  afterAll(() => closing.close());

  test('before the issuer exists no certificate is issued, and Ready says what cert-manager says', async () => {
    await askFor('mesh-ca');

    // Until cert-manager has looked at the request, it is told that this is not approved yet.
    const ready = await untilCondition('Ready', 'CertificateNotReady', 'not found');
    expect(ready.message).toMatch(
      /^No certificate is issued\. ClusterIssuer mesh-ca has not issued it yet: the request is pending: Referenced "ClusterIssuer" not found: .*mesh-ca.* not found\. See the CertificateRequests in namespace meshwright-system\.$/,
    );
    expect(await secret('shop', 'meshwright-reviews')).toBeUndefined();
  });

  test('as soon as it does, it signs the certificates of workloads and of the operator, and no request is left', async () => {
    await apply(
      selfSignedIssuer('self'),
      caCertificate('mesh-root', 'self'),
      caIssuer('mesh-ca', 'mesh-root'),
    );

    const files = await certified('reviews');
    const root = (await secret('cert-manager', 'mesh-root'))?.['tls.crt'] ?? '';
    const leaf = new X509Certificate(files['tls.crt'] ?? '');
    expect(isFrom(root)(files)).toBe(true);
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/reviews');
    expect(pemsOf(files['ca.crt'] ?? '')).toEqual(pemsOf(root));
    const healthy = await untilCondition('AuthorityHealthy', 'Healthy');
    expect(healthy.message).toMatch(
      /^Certificates are signed by ClusterIssuer mesh-ca\. The root certificate expires at /,
    );
    await untilCondition('Ready', 'Ready');
    await operator.ready();
    await until('no request is left', async () => ((await requests()).length === 0 ? true : undefined));
  });

  test('an operator that starts needs no answer: it has its certificate, and leaves the others alone', async () => {
    const before = await certified('reviews');
    await certManager.stopControllers();
    await restart();
    await operator.ready();

    await untilCondition('AuthorityHealthy', 'Healthy');
    expect(await certified('reviews')).toEqual(before);
    expect(await requests()).toEqual([]);
  });

  test('an issuer that does not answer is told, what is asked for waits, and is there when it answers', async () => {
    const before = await certified('reviews');
    await use('ratings');
    const slow = await untilCondition('AuthorityHealthy', 'IssuerSlow');
    expect(slow.message).toBe(
      'The certificate in Secret shop/meshwright-ratings waits. ClusterIssuer mesh-ca has not issued it yet: the request is not approved yet. See the CertificateRequests in namespace meshwright-system. Certificates in use stay until they expire.',
    );
    expect(await secret('shop', 'meshwright-ratings')).toBeUndefined();
    expect(await requests()).toHaveLength(1);
    expect(await certified('reviews')).toEqual(before);

    await certManager.startControllers();
    await certified('ratings');
    await untilCondition('AuthorityHealthy', 'Healthy');
  });

  test('an issuer that is deleted is told with the words of cert-manager, and goes on when it is there again', async () => {
    await kubectl(['delete', 'clusterissuer', 'mesh-ca']);
    await use('details');
    const slow = await untilCondition('AuthorityHealthy', 'IssuerSlow', 'not found');
    expect(slow.message).toMatch(
      /^The certificate in Secret shop\/meshwright-details waits\. ClusterIssuer mesh-ca has not issued it yet: the request is pending: Referenced "ClusterIssuer" not found/,
    );

    await apply(caIssuer('mesh-ca', 'mesh-root'));
    await certified('details');
    await untilCondition('AuthorityHealthy', 'Healthy');
  });

  test('a request that is denied is told with the reason, and asked again later', async () => {
    await certManager.stopControllers();
    await certManager.startControllers('certificaterequests-approver');
    await use('payment');
    const name = await until('there is a request', async () => (await requests())[0]);
    await deny(name, 'the policy mesh-only permits no payment');
    const refused = await untilCondition('AuthorityHealthy', 'IssuerRefused');
    expect(refused.message).toBe(
      'The certificate in Secret shop/meshwright-payment waits. ClusterIssuer mesh-ca refuses: the request was denied: the policy mesh-only permits no payment. Certificates in use stay until they expire.',
    );
    expect(await requests()).toContain(name);

    await certManager.stopControllers();
    await certManager.startControllers();
    await certified('payment');
    await untilCondition('AuthorityHealthy', 'Healthy');
    expect(await requests()).toEqual([]);
  });

  test.each([
    [
      'signs each certificate with its own key',
      'self',
      'ClusterIssuer self refuses: the request failed: Annotation "cert-manager.io/private-key-secret-name" missing or reference empty',
    ],
    [
      'is not ready',
      'unready',
      'ClusterIssuer unready has not issued it yet: the request is pending: Referenced issuer does not have a Ready status condition',
    ],
    [
      'signs under another root than the pinned one',
      'mesh-ca',
      'ClusterIssuer mesh-ca signs with another root certificate',
    ],
  ])('an issuer that %s does not take over', async (_, name, words) => {
    const before = await certified('reviews');
    await apply(caIssuer('unready', 'nowhere'));
    const pinned = pemText((await makeCa()).certificate);
    await askFor(name, name === 'mesh-ca' ? { caBundle: pinned } : {});

    const invalid = await untilCondition('AuthorityHealthy', 'InvalidAuthority', words);
    expect(invalid.message).toContain(
      'Until this is corrected, the last valid authority signs certificates.',
    );
    await use(`meanwhile-${name}`);
    expect(isFrom(await inForce())(await certified(`meanwhile-${name}`))).toBe(true);
    expect(await certified('reviews')).toEqual(before);

    await askFor('mesh-ca');
    await untilCondition('AuthorityHealthy', 'Healthy');
  });

  test('an issuer with another root takes over in a rotation, and so does a root that is renewed under it', async () => {
    const former = await inForce();
    await kubectl(['delete', 'secret', 'mesh-root', '-n', 'cert-manager']);
    const renewed = await until('cert-manager has made another root', async () => {
      const pem = (await secret('cert-manager', 'mesh-root'))?.['tls.crt'];
      return pem === undefined || pem === former ? undefined : pem;
    });
    // The next certificate shows it.
    await use('orders');
    await certified('orders', isFrom(renewed));
    await untilCondition('RootRotated', 'Rotated');
    await certified('reviews', isFrom(renewed));
    expect(await inForce()).toBe(renewed);

    await apply(caCertificate('other-root', 'self'), caIssuer('other-ca', 'other-root'));
    await askFor('other-ca');
    const other = await until('the other root is there', async () => {
      return (await secret('cert-manager', 'other-root'))?.['tls.crt'];
    });
    await certified('reviews', isFrom(other));
    const healthy = await untilCondition('AuthorityHealthy', 'Healthy', 'other-ca');
    expect(healthy.message).toContain('Certificates are signed by ClusterIssuer other-ca.');
    await untilCondition('RootRotated', 'Rotated');

    const issuers = await kubectl(['get', 'events', '-A', '-o', 'jsonpath={.items[*].reason}']);
    for (const reason of ['IssuerSlow', 'IssuerRefused', 'InvalidAuthority', 'Rotated'])
      expect(issuers).toContain(reason);
  });
});
