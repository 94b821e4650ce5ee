// Events on objects of the cluster. Entry: writeEvent.
import { createHash } from 'node:crypto';
import { fieldManager } from '../../values/own-names.ts';
import type { WorkloadEvent } from '../../ports/workload-port.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';

/** Whom it is about. */
export interface InvolvedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Of an object, in the name of its Event: names have at most 253 characters. */
const longestName = 236;

/**
 * The same one again only renews its time.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export async function writeEvent(
  api: ApiCaller,
  involvedObject: InvolvedObject,
  event: WorkloadEvent,
): Promise<void> {
  const { uid } = involvedObject;
  // Events on objects that are in no namespace are in this one.
  const namespace = involvedObject.namespace || 'default';
  const digest = createHash('sha256')
    .update(`${uid} ${event.reason} ${event.message}`)
    .digest('hex')
    .slice(0, 16);
  const name = `${involvedObject.name.slice(0, longestName).replace(/[.-]+$/, '')}.${digest}`;
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name },
    involvedObject,
    ...event,
    message: event.message.slice(0, 1024),
    source: { component: fieldManager },
    reportingComponent: fieldManager,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
  try {
    await api.call({ method: 'POST', path, body });
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
    await api.call({
      method: 'PATCH',
      path: `${path}/${encodeURIComponent(name)}`,
      contentType: 'application/merge-patch+json',
      body: { lastTimestamp: now },
    });
  }
}
