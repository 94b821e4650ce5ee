// Reads and replaces the status of our objects. Entry: createStatuses.
import type { Log } from '../../process/log.ts';
import { type ObjectRef, refKey } from '../../objects/objects.ts';
import type { ObjectStatus, StatusPort } from '../../ports/platform.ts';
import type { WorkloadEvent } from '../../ports/workload-port.ts';
import { AnyStatus } from '../../../api/v1alpha1/kinds.ts';
import { writeEvent } from './events.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';
import { apiVersionOf, kindOf, resourcePath } from './kinds.ts';
import { rawObject, type RawObject } from './informer/raw-object.ts';

const conflictAttempts = 5;

/** One version of an object, in the words of @dot-i/k8s-operator. */
export interface ObjectVersion {
  readonly id: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion: string;
}

export interface StatusWriter {
  /** Rejects with ApiError 409 if the version is not the newest, 404 if the object is gone. */
  replaceStatus(version: ObjectVersion, status: unknown): Promise<void>;
}

export function createStatuses(api: ApiCaller, writer: StatusWriter, log: Log): StatusPort {
  /** Resolves to what was written to. */
  const attempt = async (
    ref: ObjectRef,
    status: ObjectStatus,
    left: number,
  ): Promise<RawObject | undefined> => {
    const object = await readObject(api, ref);
    if (object === undefined) return undefined;
    try {
      await writer.replaceStatus(versionOf(ref, object), status);
    } catch (error) {
      if (isApiError(error, 404)) return undefined;
      if (!isApiError(error, 409) || left <= 1) throw error;
      return attempt(ref, status, left - 1);
    }
    return object;
  };
  const tell = async (ref: ObjectRef, { metadata }: RawObject, event: WorkloadEvent): Promise<void> => {
    const object = {
      ...ref,
      apiVersion: apiVersionOf(kindOf(ref.kind)),
      uid: typeof metadata['uid'] === 'string' ? metadata['uid'] : '',
    };
    await writeEvent(api, object, event).catch((error: unknown) => {
      log.warn({ error, object: refKey(ref), reason: event.reason }, 'event write failed');
    });
  };
  return {
    read: async (ref) => {
      const object = await readObject(api, ref);
      const parsed = AnyStatus.safeParse(object?.['status']);
      // Written by somebody else, or by another version: as if there were none, it will be replaced.
      return parsed.success ? parsed.data : undefined;
    },
    write: async (ref, status, events = []) => {
      const object = await attempt(ref, status, conflictAttempts);
      if (object !== undefined) await Promise.all(events.map((event) => tell(ref, object, event)));
    },
  };
}

async function readObject(api: ApiCaller, ref: ObjectRef): Promise<RawObject | undefined> {
  const path = `${resourcePath(kindOf(ref.kind), ref.namespace)}/${encodeURIComponent(ref.name)}`;
  try {
    return rawObject(await api.call({ method: 'GET', path }));
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

function versionOf(ref: ObjectRef, object: RawObject): ObjectVersion {
  const kind = kindOf(ref.kind);
  const apiVersion = apiVersionOf(kind);
  const { resourceVersion } = object.metadata;
  const version = {
    id: `${kind.plural}.${apiVersion}`,
    apiVersion,
    kind: ref.kind,
    name: ref.name,
    resourceVersion,
  };
  return ref.namespace === '' ? version : { ...version, namespace: ref.namespace };
}
