// Questions to a starting cluster, asked from the machine as its neighbour: true once the answer is good.
// Entries: apiReady, nodeReady, namespaceReady, serviceAddressesWork, namesResolve.
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Layout } from './layout.ts';

const Node = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) }),
});
const answerMs = 2000;

export async function apiReady(layout: Layout): Promise<boolean> {
  return (await get(layout, `${layout.apiUrl}/readyz`)) === 'ok';
}

export async function nodeReady(layout: Layout): Promise<boolean> {
  const body = await get(layout, `${layout.apiUrl}/api/v1/nodes/${layout.nodeName}`);
  if (body === undefined) return false;
  const { conditions } = Node.parse(JSON.parse(body)).status;
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Pods can be made in namespace default: until its service account and the API server's CA are there they are refused. */
export async function namespaceReady(layout: Layout): Promise<boolean> {
  const namespace = `${layout.apiUrl}/api/v1/namespaces/default`;
  const found = await Promise.all([
    get(layout, `${namespace}/serviceaccounts/default`),
    get(layout, `${namespace}/configmaps/kube-root-ca.crt`),
  ]);
  return found.every((body) => body !== undefined);
}

/** kube-proxy has written its rules: the API server answers at its service address. */
export async function serviceAddressesWork(layout: Layout): Promise<boolean> {
  return (await get(layout, `https://${layout.apiServiceAddress}/readyz`)) === 'ok';
}

export async function namesResolve(layout: Layout): Promise<boolean> {
  const resolver = new Resolver({ timeout: answerMs, tries: 1 });
  resolver.setServers([layout.nodeAddress]);
  try {
    const addresses = await resolver.resolve4('kubernetes.default.svc.cluster.local');
    return addresses.includes(layout.apiServiceAddress);
  } catch {
    return false;
  }
}

/** The body of an answer with code 200. */
async function get(layout: Layout, url: string): Promise<string | undefined> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(join(layout.pkiDir, file))),
  );
  return await new Promise((resolve) => {
    const call = request(url, { ca, cert, key, timeout: answerMs, agent: false }, (response) => {
      text(response).then(
        (body) => resolve(response.statusCode === 200 ? body : undefined),
        () => resolve(undefined),
      );
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}
