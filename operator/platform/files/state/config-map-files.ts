// ConfigMaps of the operator's own: one file for each. There is one operator, and it is told of what it writes as if it had come from an
// API server. Entry: createConfigMapFiles.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ConfigMap } from '../../../objects/objects.ts';
import type { ConfigMapPort } from '../../../ports/config-map-port.ts';
import type { ObjectSink } from '../../../ports/platform.ts';
import { operatorNamespace } from '../../../values/own-names.ts';
import { namesIn, removeDrafts, writeAtomic } from './atomic-file.ts';
import { sealed, unsealed } from './sealed-file.ts';

const Data = z.record(z.string(), z.string());
const extension = '.json';

export interface ConfigMapFiles extends ConfigMapPort {
  /**
   * Tells the sink of all that there are, and from now on of what is written.
   * @returns full sentences, one for each file that cannot be used
   */
  load(sink: ObjectSink): Promise<readonly string[]>;
}

/** Where they are for the sink: nobody else has ConfigMaps there. */
const namespace = operatorNamespace;

function configMap(name: string, data: ConfigMap['data']): ConfigMap {
  return { kind: 'ConfigMap', metadata: { namespace, name }, data };
}

export function createConfigMapFiles(folder: string): ConfigMapFiles {
  let told: ObjectSink | undefined;
  const pathOf = (name: string): string => join(folder, `${name}${extension}`);
  return {
    load: async (sink) => {
      await removeDrafts(folder);
      const damaged: string[] = [];
      for (const file of await namesIn(folder)) {
        if (!file.endsWith(extension)) continue;
        const path = join(folder, file);
        try {
          // oxlint-disable-next-line no-await-in-loop -- there are few
          const data = Data.parse(await unsealed(path));
          sink.upsert(configMap(file.slice(0, -extension.length), data));
        } catch (error) {
          damaged.push(`${path} is damaged: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      told = sink;
      return damaged;
    },
    write: async (name, data) => {
      await writeAtomic(pathOf(name), sealed(data), { isDurable: true });
      told?.upsert(configMap(name, data));
    },
    remove: async (name) => {
      await rm(pathOf(name), { force: true });
      told?.remove({ kind: 'ConfigMap', namespace, name });
    },
  };
}
