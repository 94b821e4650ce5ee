// Annotations on pods, and Events about them. Any change of a pod makes its kubelet bring the volumes up to date, too: for that one with the
// time is written.
// Entries: createPods, createPodList.
import { z } from 'zod';
import type { Pod } from '../../objects/objects.ts';
import type { EvictionOutcome, PodListPort, PodPort, PodRef } from '../../ports/pod-port.ts';
import { convertPod } from './convert.ts';
import type { ApiCaller } from './http/api-client.ts';
import { writeEvent } from './events.ts';
import { ApiError, isApiError, isTransient } from './http/api-error.ts';
import { resourcePath } from './kinds.ts';
import { fieldManager } from '../../values/own-names.ts';

const podKind = { group: '', version: 'v1', plural: 'pods' } as const;
const query = { fieldManager };
const refreshedAt = 'meshwright.dev/volumes-refreshed-at';

/** once: sends a request a single time. */
export function createPods(api: ApiCaller, once: ApiCaller): PodPort {
  const patch = async (namespace: string, name: string, metadata: object): Promise<void> => {
    const path = `${resourcePath(podKind, namespace)}/${encodeURIComponent(name)}`;
    const contentType = 'application/merge-patch+json';
    try {
      await api.call({ method: 'PATCH', path, query, contentType, body: { metadata } });
    } catch (error) {
      if (!isApiError(error, 404)) throw error;
    }
  };
  return {
    refresh: (namespace, name) =>
      patch(namespace, name, { annotations: { [refreshedAt]: new Date().toISOString() } }),
    annotate: ({ namespace, name, uid }, key, value) =>
      patch(namespace, name, { uid, annotations: { [key]: value } }),
    evict: (pod) => evict(once, pod),
    event: ({ namespace, name, uid }, event) =>
      writeEvent(api, { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }, event),
  };
}

/** @see https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ */
async function evict(api: ApiCaller, { namespace, name, uid }: PodRef): Promise<EvictionOutcome> {
  const path = `${resourcePath(podKind, namespace)}/${encodeURIComponent(name)}/eviction`;
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { namespace, name },
    deleteOptions: { preconditions: { uid } },
  };
  try {
    await api.call({ method: 'POST', path, query, body });
    return { type: 'evicted' };
  } catch (error) {
    if (isApiError(error, 404) || isApiError(error, 409)) return { type: 'gone' };
    if (!(error instanceof ApiError)) throw error;
    const budget = error.causes.find(({ reason }) => reason === 'DisruptionBudget');
    if (budget !== undefined) return { type: 'blocked', message: budget.message };
    if (isTransient(error) && !error.message.includes('PodDisruptionBudget')) throw error;
    return { type: 'refused', message: error.message };
  }
}

export function createPodList(api: ApiCaller): PodListPort {
  return { list: (labelled) => listPages(api, { limit: '200', labelSelector: labelled }) };
}

const List = z.object({
  metadata: z.object({ continue: z.string().nullish() }),
  items: z.array(z.looseObject({})).nullish(),
});

async function listPages(api: ApiCaller, of: Readonly<Record<string, string>>): Promise<readonly Pod[]> {
  const page = List.parse(await api.call({ method: 'GET', path: resourcePath(podKind), query: of }));
  const pods = (page.items ?? []).map((item) => convertPod({ ...item, kind: 'Pod' }));
  const next = page.metadata.continue ?? '';
  return next === '' ? pods : [...pods, ...(await listPages(api, { ...of, continue: next }))];
}
