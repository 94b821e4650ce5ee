// The platform without a cluster: a folder of YAML for what users write, a state folder for what the operator
// writes. Entry: createFilesPlatform. Knows nothing of what the objects mean.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { ObjectSink, Platform } from '../../ports/platform.ts';
import type { Log } from '../../process/log.ts';
import { Delivery } from './delivery.ts';
import { type ParsedFile, parseFile } from './folder/documents.ts';
import { FolderReader } from './folder/folder-reader.ts';
import { FolderWatch } from './folder/folder-watch.ts';
import type { FileContent } from './folder/regular-file.ts';
import { SettledFiles } from './folder/settled-files.ts';
import type { Admit } from './judgement.ts';
import { Ledger } from './state/ledger.ts';
import { createConfigMapFiles } from './state/config-map-files.ts';
import { createObjectFiles } from './state/object-files.ts';
import { LoginSecrets } from './state/login-secrets.ts';
import { createSecretFolders } from './state/secret-folders.ts';
import { createStatusFiles } from './state/status-files.ts';

/** The folder is looked at this often even if nothing seemed to happen. */
const rescanMs = 2_000;
/** And this often while it cannot be read. */
const retryMs = 250;

export interface FilesPlatformSettings {
  /** Holds *.yaml and *.yml, any number of documents each; subfolders are not read. */
  readonly folder: string;
  /** Gets objects/, status/, secrets/ and jwks/. Made if absent. */
  readonly stateFolder: string;
  /** For how long an object has to be missing before it counts as deleted. */
  readonly deletionGraceMs: number;
  readonly admit: Admit;
  readonly log: Log;
}

export function createFilesPlatform(settings: FilesPlatformSettings): Platform {
  const { folder, stateFolder, log } = settings;
  const ledger = new Ledger(createObjectFiles(join(stateFolder, 'objects')));
  const configMaps = createConfigMapFiles(join(stateFolder, 'jwks'));
  const statuses = createStatusFiles(join(stateFolder, 'status'), (ref) => ledger.has(ref));
  const secretsFolder = join(stateFolder, 'secrets');
  const secrets = createSecretFolders(secretsFolder);
  const logins = new LoginSecrets(secretsFolder, secrets, log);
  return {
    name: 'files',
    statuses,
    configMaps,
    secrets,
    watch: async (sink, signal) => {
      await mustBeFolder(folder);
      await mkdir(stateFolder, { recursive: true });
      await statuses.markStale(new Date());
      const damaged = [...(await ledger.load()), ...(await configMaps.load(sink))];
      for (const problem of damaged) log.error({ problem }, 'state folder damaged');
      const delivery = new Delivery({ ...settings, ledger, statuses, now: Date.now });
      await watchFolder(
        { folder, log, delivery, sink, logins, firstLookDone: async () => statuses.removeOrphans() },
        signal,
      );
    },
  };
}

interface Watching {
  readonly folder: string;
  readonly log: Log;
  readonly delivery: Delivery;
  readonly sink: ObjectSink;
  readonly logins: LoginSecrets;
  readonly firstLookDone: () => Promise<void>;
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
function folderLook({ folder, log, delivery, sink, logins, firstLookDone }: Watching): () => Promise<number> {
  const reader = new FolderReader(folder);
  const settled = new SettledFiles();
  const files = new Map<string, ParsedFile>();
  let isSynced = false;
  /** When there is something to deliver though no file changes. */
  let dueAt: number | undefined = 0;
  let lastTrouble = '';
  return async () => {
    try {
      const now = Date.now();
      await logins.look(sink);
      const { changed, nextLookMs } = settled.look(await reader.read(now), now);
      await parseAll(changed, files);
      if (changed.size > 0 || (dueAt !== undefined && dueAt <= now)) {
        const nextMs = await delivery.apply(files, sink);
        dueAt = nextMs === undefined ? undefined : now + nextMs;
      }
      if (!isSynced) {
        sink.synced();
        isSynced = true;
        await firstLookDone();
      }
      lastTrouble = '';
      return Math.min(nextLookMs ?? rescanMs, dueAt === undefined ? rescanMs : Math.max(0, dueAt - now));
    } catch (error) {
      // Everything stays as it was: a folder that is moved away for a moment must not empty the mesh.
      if (String(error) !== lastTrouble)
        log.error({ folder, error }, 'folder unreadable, keeping what it held');
      lastTrouble = String(error);
      return retryMs;
    }
  };
}

/** A file is parsed at once, as it has its bound; between two of them others have their turn. */
async function parseAll(
  changed: ReadonlyMap<string, FileContent | undefined>,
  files: Map<string, ParsedFile>,
): Promise<void> {
  for (const [file, content] of changed) {
    if (content === undefined) files.delete(file);
    else if (content.kind === 'text') files.set(file, parseFile(file, content.text, files.get(file)));
    else files.set(file, { kind: 'unreadable', problem: `${file} ${content.reason}` });
    // oxlint-disable-next-line no-await-in-loop -- so that it is not all at once
    await setImmediate();
  }
}

async function mustBeFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((cause: unknown) => {
    throw new Error(`Cannot read folder ${folder}. Create it, or name another folder of YAML files.`, {
      cause,
    });
  });
  if (!found.isDirectory())
    throw new Error(`${folder} is not a folder. Name a folder that holds YAML files.`);
}
