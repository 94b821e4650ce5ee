// Statuses as files that people read: `<folder>/<Kind>.<namespace>.<name>.yaml`, replaced whole.
// Entry: createStatusFiles.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { apiVersion, Condition } from '../../../../api/v1alpha1/common.ts';
import { isMeshwrightKind, type MeshwrightKind } from '../../../../api/v1alpha1/kinds.ts';
import { reason } from '../../../conditions/conditions.ts';
import type { ObjectRef } from '../../../objects/objects.ts';
import type { ObjectStatus, StatusPort } from '../../../ports/platform.ts';
import { forEachAtMost } from '../concurrently.ts';
import { isAbsent, namesIn, removeDrafts, writeAtomic } from './atomic-file.ts';
import { objectFileName } from './object-files.ts';

export interface StatusFiles extends StatusPort {
  remove(ref: ObjectRef): Promise<void>;
  /**
   * Call it before anything else: what a former run said may have ceased to be true, so every condition becomes
   * Unknown. Returns whether there were any.
   */
  markStale(now: Date): Promise<boolean>;
  /** Removes the statuses of objects that are no more. */
  removeOrphans(): Promise<void>;
}

const maxOpenFiles = 8;
const staleMessage = 'The operator has started and has yet to look at this object. Wait.';

/** has: whether there is such an object; one that is gone gets no status. */
export function createStatusFiles(folder: string, has: (ref: ObjectRef) => boolean): StatusFiles {
  const remove = async (ref: ObjectRef): Promise<void> => rm(statusPath(folder, ref), { force: true });
  return {
    remove,
    read: async (ref) => (await readDocument(statusPath(folder, ref)))?.status,
    write: async (ref, status) => {
      if (!has(ref)) return;
      await writeStatus(folder, ref, status);
      // It may have been removed while its status was on its way.
      if (!has(ref)) await remove(ref);
    },
    markStale: async (now) => {
      await removeDrafts(folder);
      const names = await namesIn(folder);
      await forEachAtMost(maxOpenFiles, names, async (name) => {
        const document = await readDocument(join(folder, name)).catch(() => undefined);
        if (document === undefined) await rm(join(folder, name), { force: true, recursive: true });
        else await writeStatus(folder, document.ref, stale(document.status, now));
      });
      return names.length > 0;
    },
    removeOrphans: async () => {
      await forEachAtMost(maxOpenFiles, await namesIn(folder), async (name) => {
        const document = await readDocument(join(folder, name));
        if (document !== undefined && !has(document.ref)) await remove(document.ref);
      });
    },
  };
}

async function writeStatus(folder: string, ref: ObjectRef, status: ObjectStatus): Promise<void> {
  const { kind, namespace, name } = ref;
  const metadata = namespace === '' ? { name } : { namespace, name };
  await writeAtomic(
    statusPath(folder, ref),
    stringify({ apiVersion, kind, metadata, status }, { lineWidth: 0 }),
  );
}

function statusPath(folder: string, ref: ObjectRef): string {
  return join(folder, objectFileName(ref, '.yaml'));
}

function stale({ conditions }: ObjectStatus, now: Date): ObjectStatus {
  const at = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    conditions: conditions.map((condition): Condition => {
      const lastTransitionTime = condition.status === 'Unknown' ? condition.lastTransitionTime : at;
      return {
        ...condition,
        status: 'Unknown',
        lastTransitionTime,
        reason: reason.pending,
        message: staleMessage,
      };
    }),
  };
}

const StatusDocument = z.object({
  kind: z.custom<MeshwrightKind>(isMeshwrightKind),
  metadata: z.object({ namespace: z.string().default(''), name: z.string() }),
  status: z.custom<ObjectStatus>(isStatus),
});

/** undefined if there is none, or what is there is no status. Rejects if it cannot be read. */
async function readDocument(path: string): Promise<{ ref: ObjectRef; status: ObjectStatus } | undefined> {
  try {
    const { data } = StatusDocument.safeParse(parse(await readFile(path, 'utf8')));
    return data && { ref: { kind: data.kind, ...data.metadata }, status: data.status };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Its conditions are what the operator reads again; the rest it computes anew. */
function isStatus(status: unknown): status is ObjectStatus {
  return z.object({ conditions: z.array(Condition) }).safeParse(status).success;
}
