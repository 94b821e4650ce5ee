// Any change of a pod makes its kubelet bring the volumes up to date: so one annotation, with the time, is written.
// Entry: createPods.
import type { PodPort } from '../../ports/pod-port.ts';
import type { ApiCaller } from './http/api-client.ts';
import { writeEvent } from './events.ts';
import { isApiError } from './http/api-error.ts';
import { resourcePath } from './kinds.ts';
import { fieldManager } from '../../values/own-names.ts';

const podKind = { group: '', version: 'v1', plural: 'pods' } as const;
const query = { fieldManager };
const annotation = 'meshwright.dev/volumes-refreshed-at';

export function createPods(api: ApiCaller): PodPort {
  return {
    refresh: async (namespace, name) => {
      const path = `${resourcePath(podKind, namespace)}/${encodeURIComponent(name)}`;
      const body = { metadata: { annotations: { [annotation]: new Date().toISOString() } } };
      const contentType = 'application/merge-patch+json';
      try {
        await api.call({ method: 'PATCH', path, query, contentType, body });
      } catch (error) {
        if (!isApiError(error, 404)) throw error;
      }
    },
    event: ({ namespace, name, uid }, event) =>
      writeEvent(api, { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }, event),
  };
}
