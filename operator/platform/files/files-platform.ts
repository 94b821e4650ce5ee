// The platform without a cluster: a folder of YAML for what users write, a state folder for what the operator
// writes. Entry: createFilesPlatform. Knows nothing of what the objects mean.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../process/log.ts';
import type { ObjectSink, Platform } from '../../ports/platform.ts';
import { Catalog } from './catalog.ts';
import { type Admit, Delivery } from './delivery.ts';
import { FolderWatch, readFolder } from './folder-watch.ts';
import { Ledger } from './ledger.ts';
import { createSecretFolders } from './secret-folders.ts';
import { SettledFiles } from './settled-files.ts';
import { createStatusFiles } from './status-files.ts';

/** The folder is looked at this often even if nothing seemed to happen. */
const rescanMs = 2_000;
/** And this often while it cannot be read. */
const retryMs = 250;

export interface FilesPlatformSettings {
  /** Holds *.yaml and *.yml, any number of documents each; subfolders are not read. */
  readonly folder: string;
  /** Gets objects.json, status/ and secrets/. Made if absent. */
  readonly stateFolder: string;
  readonly admit: Admit;
  readonly log: Log;
}

export function createFilesPlatform(settings: FilesPlatformSettings): Platform {
  const { folder, stateFolder, admit, log } = settings;
  const ledger = new Ledger(join(stateFolder, 'objects.json'), log);
  const statuses = createStatusFiles(join(stateFolder, 'status'), (ref) => ledger.has(ref));
  return {
    name: 'files',
    statuses,
    secrets: createSecretFolders(join(stateFolder, 'secrets')),
    watch: async (sink, signal) => {
      await mustBeFolder(folder);
      await mkdir(stateFolder, { recursive: true });
      await ledger.load();
      const delivery = new Delivery({ admit, ledger, statuses, log, now: Date.now });
      await watchFolder({ folder, log, delivery, sink }, signal);
    },
  };
}

interface Watching {
  readonly folder: string;
  readonly log: Log;
  readonly delivery: Delivery;
  readonly sink: ObjectSink;
}

async function watchFolder(watching: Watching, signal: AbortSignal): Promise<void> {
  const bell = new FolderWatch(watching.folder);
  const look = folderLook(watching);
  try {
    while (!signal.aborted) {
      // One look after the other, until told to stop.
      // oxlint-disable no-await-in-loop
      await bell.renew();
      await bell.wait(await look(), signal);
      // oxlint-enable no-await-in-loop
    }
  } finally {
    bell.close();
  }
}

/** A function that looks once, delivers what changed, and resolves to the ms after which to look again. */
function folderLook({ folder, log, delivery, sink }: Watching): () => Promise<number> {
  const catalog = new Catalog();
  const settled = new SettledFiles();
  let isSynced = false;
  let isDue = true;
  let lastTrouble = '';
  return async () => {
    try {
      const { texts, unreadable } = await readFolder(folder);
      const { changed, nextLookMs } = settled.look(texts, unreadable, Date.now());
      for (const [file, text] of changed) catalog.set(file, text);
      isDue ||= changed.size > 0;
      if (isDue) await delivery.apply(catalog, sink);
      isDue = false;
      if (!isSynced) sink.synced();
      isSynced = true;
      lastTrouble = '';
      return nextLookMs ?? rescanMs;
    } catch (error) {
      // Everything stays as it was: a folder that is moved away for a moment must not empty the mesh.
      if (String(error) !== lastTrouble)
        log.error({ folder, error }, 'folder cannot be read, what it said stays in force');
      lastTrouble = String(error);
      return retryMs;
    }
  };
}

async function mustBeFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((cause: unknown) => {
    throw new Error(`The folder ${folder} cannot be read. Make it, or name another folder of YAML files.`, {
      cause,
    });
  });
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder. Name a folder of YAML files.`);
}
