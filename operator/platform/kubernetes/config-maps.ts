// ConfigMaps of the operator's own, in its own namespace. Entry: createConfigMaps.
import type { ConfigMapPort } from '../../ports/config-map-port.ts';
import { fieldManager, jwksLabel, managedLabels } from '../../values/own-names.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';

export function createConfigMaps(api: ApiCaller, namespace: string): ConfigMapPort {
  const pathOf = (name: string): string =>
    `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
  return {
    write: async (name, data) => {
      await api.call({
        method: 'PATCH',
        path: pathOf(name),
        query: { fieldManager, force: 'true' },
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { namespace, name, labels: { ...managedLabels, [jwksLabel]: 'true' } },
          data,
        },
      });
    },
    remove: async (name) => {
      try {
        await api.call({ method: 'DELETE', path: pathOf(name) });
      } catch (error) {
        if (!isApiError(error, 404)) throw error;
      }
    },
  };
}
