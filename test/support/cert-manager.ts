// The real cert-manager beside a test API server: its definitions, its controllers (no ACME, Vault, Venafi) and its webhook. Entries:
// certManagerAvailable, startCertManager.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { certManagerNamespace, selfSignedIssuer } from './cert-manager/issuers.ts';
import { findCertManager } from './cert-manager/build.ts';
import type { ApiServer } from './kubernetes.ts';
import { type Child, startChild } from './kubernetes/child.ts';
import { freePort } from './kubernetes/free-port.ts';
import { poll } from './kubernetes/poll.ts';

export interface CertManager {
  /** Ends its controllers: requests stay unanswered. */
  stopControllers(): Promise<void>;
  /** without: controllers to leave out, such as certificaterequests-approver. */
  startControllers(...without: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function certManagerAvailable(): Promise<
  { available: true } | { available: false; reason: string }
> {
  const found = await findCertManager();
  return found.available ? { available: true } : found;
}

/** Resolves when it answers. */
export async function startCertManager(server: ApiServer): Promise<CertManager> {
  const found = await findCertManager();
  if (!found.available) throw new Error(found.reason);
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-cert-manager-'));
  const children: Child[] = [];
  const start = async (name: string, args: readonly string[]): Promise<Child> => {
    const child = await startChild([found.program, ...args], join(dir, `${name}.log`));
    children.push(child);
    return child;
  };
  const kubectl = async (args: readonly string[], documents: readonly object[] = []): Promise<string> => {
    const input = documents.map((document) => JSON.stringify(document)).join('\n---\n');
    const { code, stdout, stderr } = await server.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await kubectl(['apply', '--server-side', '-f', found.crds]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: certManagerNamespace } };
  await kubectl(['apply', '-f', '-'], [namespace]);
  const port = await freePort();
  const { kubeconfigPath } = server;
  await start('webhook', ['webhook', kubeconfigPath, certManagerNamespace, String(port)]);
  const caBundle = await webhookCa(kubectl);
  await kubectl(['apply', '-f', '-'], webhooks(port, caBundle));

  await untilAnswering(kubectl);

  let controllers: Child | undefined;
  const startControllers = async (...without: readonly string[]): Promise<void> => {
    const left = without.map((name) => `-${name}`);
    controllers = await start('controllers', ['controller', kubeconfigPath, certManagerNamespace, ...left]);
  };
  await startControllers();
  return {
    startControllers,
    stopControllers: async () => controllers?.kill(),
    stop: async () => {
      await Promise.all(children.map((child) => child.kill()));
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Kubectl = (args: readonly string[], documents?: readonly object[]) => Promise<string>;

const Secret = z.object({ data: z.object({ 'tls.crt': z.string() }) });

/** Base64. The webhook makes a certificate authority of its own. */
async function webhookCa(kubectl: Kubectl): Promise<string> {
  const read = async (): Promise<string | undefined> => {
    const args = ['get', 'secret', 'webhook-ca', '--namespace', certManagerNamespace, '-o', 'json'];
    const text = await kubectl(args).catch(() => undefined);
    return text === undefined ? undefined : Secret.parse(JSON.parse(text)).data['tls.crt'];
  };
  return poll(read, { intervalMs: 100, deadlineMs: 60_000 });
}

/** It has to have its own certificate, and the API server to know of the webhook. */
async function untilAnswering(kubectl: Kubectl): Promise<void> {
  const ask = async (): Promise<true | undefined> => {
    const args = ['apply', '--dry-run=server', '-f', '-'];
    return kubectl(args, [selfSignedIssuer('nobody')]).then(
      () => true,
      () => undefined,
    );
  };
  await poll(ask, { intervalMs: 100, deadlineMs: 60_000 });
}

/** As its chart has them. */
function webhooks(port: number, caBundle: string): readonly object[] {
  const common = { admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail' };
  const one = (path: string, rule: object): object => ({
    ...common,
    name: 'webhook.cert-manager.io',
    clientConfig: { url: `https://localhost:${port}/${path}`, caBundle },
    rules: [{ apiGroups: ['cert-manager.io'], apiVersions: ['v1'], ...rule }],
  });
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const metadata = { name: 'cert-manager-webhook' };
  const requests = ['certificaterequests', 'certificaterequests/status'];
  return [
    {
      apiVersion,
      kind: 'MutatingWebhookConfiguration',
      metadata,
      webhooks: [one('mutate', { operations: ['CREATE'], resources: ['certificaterequests'] })],
    },
    {
      apiVersion,
      kind: 'ValidatingWebhookConfiguration',
      metadata,
      webhooks: [
        one('validate', {
          operations: ['CREATE', 'UPDATE'],
          resources: ['certificates', 'issuers', 'clusterissuers', ...requests],
        }),
      ],
    },
  ];
}
