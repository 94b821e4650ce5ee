// Plain requests to a test API server, with the answer whatever its status: kubectl takes too long for hundreds.
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { group, version } from '../../../api/v1alpha1/common.ts';
import { kindDefinition } from '../../../api/v1alpha1/kinds.ts';
import type { ApiServer } from '../kubernetes.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
  readonly accept?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface ApiCaller {
  readonly call: (what: Call) => Promise<Answer>;
  /** Creates a document of one of our kinds without keeping it; unknown fields are refused. */
  readonly dryRun: (document: unknown) => Promise<Answer>;
  readonly close: () => void;
}

const Kubeconfig = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ 'certificate-authority-data': z.string() }) })]),
  users: z.tuple([z.object({ user: z.object({ token: z.string() }) })]),
});
const Document = z.object({ kind: z.string(), metadata: z.object({ namespace: z.string().optional() }) });

/** Where objects like this one live: `/apis/meshwright.dev/v1alpha1/namespaces/default/trafficpolicies`. */
export function collectionOf(document: unknown): string {
  const { kind, metadata } = Document.parse(document);
  const scope = metadata.namespace === undefined ? '' : `namespaces/${metadata.namespace}/`;
  return `/apis/${group}/${version}/${scope}${kindDefinition(kind)?.plural}`;
}

/** Calls with the rights of the server's kubeconfig. Close it in the test that made it. */
export async function apiCaller(server: Pick<ApiServer, 'url' | 'kubeconfigPath'>): Promise<ApiCaller> {
  const kubeconfig = Kubeconfig.parse(JSON.parse(await readFile(server.kubeconfigPath, 'utf8')));
  const ca = Buffer.from(kubeconfig.clusters[0].cluster['certificate-authority-data'], 'base64');
  const agent = new Agent({ keepAlive: true, ca });
  const authorization = `Bearer ${kubeconfig.users[0].user.token}`;

  const call = async ({ method, path, body, accept = 'application/json' }: Call): Promise<Answer> => {
    const headers = { authorization, accept, 'content-type': 'application/json' };
    return await new Promise((resolve, reject) => {
      const sent = request(`${server.url}${path}`, { method, headers, agent }, (response) => {
        json(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
  return {
    call,
    dryRun: async (document) => {
      const path = `${collectionOf(document)}?dryRun=All&fieldValidation=Strict`;
      return await call({ method: 'POST', path, body: document });
    },
    close: () => agent.destroy(),
  };
}
