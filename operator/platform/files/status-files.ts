// Statuses as files that people read: `<folder>/<Kind>.<namespace>.<name>.yaml`, replaced whole.
// Entry: createStatusFiles.
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { apiVersion, Condition } from '../../../api/v1alpha1/common.ts';
import type { ObjectRef } from '../../objects/objects.ts';
import type { ObjectStatus, StatusPort } from '../../ports/platform.ts';
import { isAbsent, writeAtomic } from './atomic-file.ts';

export interface StatusFiles extends StatusPort {
  remove(ref: ObjectRef): Promise<void>;
}

/** has: whether there is such an object; one that is gone gets no status. */
export function createStatusFiles(folder: string, has: (ref: ObjectRef) => boolean): StatusFiles {
  const remove = async (ref: ObjectRef): Promise<void> => rm(statusPath(folder, ref), { force: true });
  return {
    remove,
    read: async (ref) => {
      try {
        const document: unknown = parse(await readFile(statusPath(folder, ref), 'utf8'));
        return statusOf(document);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    write: async (ref, status) => {
      if (!has(ref)) return;
      const { kind, namespace, name } = ref;
      const metadata = namespace === '' ? { name } : { namespace, name };
      await writeAtomic(
        statusPath(folder, ref),
        stringify({ apiVersion, kind, metadata, status }, { lineWidth: 0 }),
      );
      // It may have been removed while its status was on its way.
      if (!has(ref)) await remove(ref);
    },
  };
}

function statusPath(folder: string, ref: ObjectRef): string {
  return join(folder, statusFileName(ref));
}

/** File systems take names of 255 bytes; the draft of a file has 14 more than the file itself. */
const maxFileName = 240;

/**
 * `Mesh.default.yaml`, `TrafficPolicy.shop.reviews.yaml`. What would be too long for a file system is cut, and a hash
 * of the whole takes the place of the rest.
 */
export function statusFileName({ kind, namespace, name }: ObjectRef): string {
  const stem = [kind, ...(namespace === '' ? [] : [namespace]), name].join('.');
  if (stem.length + '.yaml'.length <= maxFileName) return `${stem}.yaml`;
  return `${stem.slice(0, 200)}~${createHash('sha256').update(stem).digest('hex').slice(0, 16)}.yaml`;
}

const StatusDocument = z.object({ status: z.custom<ObjectStatus>(isStatus) });

function statusOf(document: unknown): ObjectStatus | undefined {
  return StatusDocument.safeParse(document).data?.status;
}

/** Its conditions are what the operator reads again; the rest it computes anew. */
function isStatus(status: unknown): status is ObjectStatus {
  return z.object({ conditions: z.array(Condition) }).safeParse(status).success;
}
