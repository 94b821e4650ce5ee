// Reads and replaces the status of our objects. Entry: createStatuses.
import type { ObjectRef } from '../../objects/objects.ts';
import type { ObjectStatus, StatusPort } from '../../ports/platform.ts';
import { AnyStatus } from '../../../api/v1alpha1/kinds.ts';
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

export function createStatuses(api: ApiCaller, writer: StatusWriter): StatusPort {
  const attempt = async (ref: ObjectRef, status: ObjectStatus, left: number): Promise<void> => {
    const object = await readObject(api, ref);
    if (object === undefined) return;
    try {
      await writer.replaceStatus(versionOf(ref, object), status);
    } catch (error) {
      if (isApiError(error, 404)) return;
      if (!isApiError(error, 409) || left <= 1) throw error;
      await attempt(ref, status, left - 1);
    }
  };
  return {
    read: async (ref) => {
      const object = await readObject(api, ref);
      const parsed = AnyStatus.safeParse(object?.['status']);
      // Written by somebody else, or by another version: as if there were none, it will be replaced.
      return parsed.success ? parsed.data : undefined;
    },
    write: async (ref, status) => await attempt(ref, status, conflictAttempts),
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
