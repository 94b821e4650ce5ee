// Whether a cluster can make the keys of pods on its nodes. Entries: supportOf, isServed.
import { z } from 'zod';
import type { ClusterSupport } from '../../ports/pod-certificate-port.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';

export const certificatesApi = { group: 'certificates.k8s.io', version: 'v1' } as const;
const needed: readonly string[] = ['podcertificaterequests', 'clustertrustbundles'];

const Served = z.object({ resources: z.array(z.object({ name: z.string() })) });
const Nodes = z.object({
  items: z
    .array(
      z.object({
        metadata: z.object({ name: z.string() }),
        status: z.object({ nodeInfo: z.object({ kubeletVersion: z.string() }) }),
      }),
    )
    .nullable(),
});

export async function supportOf(api: ApiCaller): Promise<ClusterSupport> {
  if (!(await isServed(api))) return { isServed: false, nodes: [] };
  try {
    // From the memory of the API server: one that came a moment ago is seen the next time.
    const query = { resourceVersion: '0' };
    const { items } = Nodes.parse(await api.call({ method: 'GET', path: '/api/v1/nodes', query }));
    const nodes = (items ?? []).map(({ metadata, status }) => ({
      name: metadata.name,
      kubeletVersion: status.nodeInfo.kubeletVersion,
    }));
    return { isServed: true, nodes };
  } catch (error) {
    if (isApiError(error, 403)) return { isServed: true, nodes: null };
    throw error;
  }
}

export async function isServed(api: ApiCaller): Promise<boolean> {
  const { group, version } = certificatesApi;
  try {
    const { resources } = Served.parse(await api.call({ method: 'GET', path: `/apis/${group}/${version}` }));
    return needed.every((plural) => resources.some(({ name }) => name === plural));
  } catch (error) {
    if (isApiError(error, 404)) return false;
    throw error;
  }
}
