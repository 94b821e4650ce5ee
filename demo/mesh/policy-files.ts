// Which policies the YAML in a folder holds, as far as a table needs to know; what is no policy is passed over.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { PolicyRef } from './statuses.ts';

export const PolicyManifest = z.object({
  kind: z.enum(['TrafficPolicy', 'SecurityPolicy']),
  metadata: z.object({ namespace: z.string().default('default'), name: z.string() }),
  spec: z
    .object({ targetRefs: z.array(z.object({ kind: z.string(), name: z.string() })).default([]) })
    .catch({ targetRefs: [] }),
});

export interface PolicyInFile {
  readonly ref: PolicyRef;
  /** As the TARGET column shows it: the name of the first target. */
  readonly target: string;
}

export async function readPolicies(folder: string): Promise<PolicyInFile[]> {
  const files = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return texts.flatMap(policiesIn);
}

/** The policies of a text of YAML documents. */
export function policiesIn(text: string): PolicyInFile[] {
  return parseAllDocuments(text).flatMap((document) => {
    const { data } = PolicyManifest.safeParse(document.errors.length > 0 ? undefined : document.toJS());
    if (data === undefined) return [];
    const target = data.spec.targetRefs[0]?.name ?? '';
    return [
      { ref: { kind: data.kind, namespace: data.metadata.namespace, name: data.metadata.name }, target },
    ];
  });
}
