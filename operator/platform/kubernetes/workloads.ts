// Workloads as WorkloadPort has them: read, patched, told about in Events. Entry: createWorkloads.
import { z } from 'zod';
import type { LiveWorkload, WorkloadPort, WorkloadRef, WriteOutcome } from '../../ports/workload-port.ts';
import type { WorkloadKind } from '../../values/workload-kinds.ts';
import type { ApiCaller, ApiRequest } from './http/api-client.ts';
import { writeEvent } from './events.ts';
import { ApiError, isApiError, isTransient } from './http/api-error.ts';
import { apiVersionOf, kindOf, resourcePath } from './kinds.ts';
import { liveWorkload } from './live-workload.ts';
import { fieldManager, managedLabels } from '../../values/own-names.ts';

const pageSize = '200';

const List = z.object({
  metadata: z.object({ continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});
const Version = z.object({ major: z.string(), minor: z.string() });

export function createWorkloads(api: ApiCaller): WorkloadPort {
  return {
    kubernetesVersion: async () => {
      const { major, minor } = Version.parse(await api.call({ method: 'GET', path: '/version' }));
      // Some vendors write `34+`.
      return { major: Number.parseInt(major, 10), minor: Number.parseInt(minor, 10) };
    },
    read: async (ref) => {
      try {
        return liveWorkload(ref.kind, await api.call({ method: 'GET', path: pathOf(ref) }));
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },
    list: (kind) => listPages(api, kind, undefined),
    apply: (ref, body, { force, dryRun }) =>
      patch(api, ref, {
        body,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager, ...(force && { force: 'true' }), ...(dryRun && { dryRun: 'All' }) },
      }),
    merge: (ref, body) =>
      patch(api, ref, {
        body,
        contentType: 'application/strategic-merge-patch+json',
        query: { fieldManager },
      }),
    keepConfigMap: async (namespace, name, data) => {
      await api.call({
        method: 'PATCH',
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`,
        query: { fieldManager, force: 'true' },
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { namespace, name, labels: managedLabels },
          data,
        },
      });
    },
    event: ({ ref, uid }, event) =>
      writeEvent(api, { apiVersion: apiVersionOf(kindOf(ref.kind)), ...ref, uid }, event),
  };
}

async function patch(
  api: ApiCaller,
  ref: WorkloadRef,
  request: Pick<ApiRequest, 'contentType' | 'query' | 'body'>,
): Promise<WriteOutcome> {
  try {
    const answer = await api.call({ method: 'PATCH', path: pathOf(ref), ...request });
    return { type: 'written', workload: liveWorkload(ref.kind, answer) };
  } catch (error) {
    if (!(error instanceof ApiError) || isTransient(error)) throw error;
    if (error.code === 404) return { type: 'gone' };
    return { type: error.code === 409 ? 'conflict' : 'refused', message: error.message };
  }
}

async function listPages(
  api: ApiCaller,
  kind: WorkloadKind,
  from: string | undefined,
): Promise<readonly LiveWorkload[]> {
  const query = { limit: pageSize, ...(from !== undefined && { continue: from }) };
  const page = List.parse(await api.call({ method: 'GET', path: resourcePath(kindOf(kind)), query }));
  const workloads = (page.items ?? []).map((item) => liveWorkload(kind, item));
  const next = page.metadata.continue ?? '';
  return next === '' ? workloads : [...workloads, ...(await listPages(api, kind, next))];
}

function pathOf({ kind, namespace, name }: WorkloadRef): string {
  return `${resourcePath(kindOf(kind), namespace)}/${encodeURIComponent(name)}`;
}
