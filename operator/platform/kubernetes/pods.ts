// Annotations on pods, and Events about them. Any change of a pod makes its kubelet bring the volumes up to date, too: for that one with the
// time is written.
// Entries: createPods, createPodList.
import { z } from 'zod';
import type { Pod } from '../../objects/objects.ts';
import type { PodListPort, PodPort } from '../../ports/pod-port.ts';
import { convertPod } from './convert.ts';
import type { ApiCaller } from './http/api-client.ts';
import { writeEvent } from './events.ts';
import { isApiError } from './http/api-error.ts';
import { resourcePath } from './kinds.ts';
import { fieldManager } from '../../values/own-names.ts';

const podKind = { group: '', version: 'v1', plural: 'pods' } as const;
const query = { fieldManager };
const refreshedAt = 'meshwright.dev/volumes-refreshed-at';

export function createPods(api: ApiCaller): PodPort {
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
    event: ({ namespace, name, uid }, event) =>
      writeEvent(api, { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }, event),
  };
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
