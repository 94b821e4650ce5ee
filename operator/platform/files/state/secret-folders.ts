// Secrets as folders, laid out and swapped like a volume the kubelet mounts: `tls.crt` → `..data/tls.crt`,
// `..data` → `..<time>`. One rename replaces all files of a secret at once, and Envoy's watched_directory sees it.
// Entry: createSecretFolders.
import { randomBytes } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretChange, SecretData, SecretPort } from '../../../ports/platform.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { codeOf, isAbsent } from './atomic-file.ts';

const dataLink = '..data';
const folderMode = 0o700;
const readAttempts = 10;

/** Folders `<root>/<namespace>/<name>/`, 0700; keys 0600. Labels have no place here and are left out. */
export function createSecretFolders(root: string): SecretPort {
  return new SecretFolders(root);
}

class SecretFolders implements SecretPort {
  readonly #root: string;
  /** Writes follow each other, so that none removes what another is still making. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(root: string) {
    this.#root = root;
  }

  async read(namespace: string, name: string): Promise<SecretData | undefined> {
    const folder = this.#folder(namespace, name);
    for (let attempt = 0; attempt < readAttempts; attempt += 1) {
      // A swap between two files is seen and read again.
      // oxlint-disable-next-line no-await-in-loop
      const data = await readOnce(folder);
      if (data !== 'swapped') return data;
    }
    throw new Error(`${folder} changed each time it was read`);
  }

  readBrought(namespace: string, name: string): Promise<SecretData | undefined> {
    return this.read(namespace, name);
  }

  async create(namespace: string, name: string, data: SecretData): Promise<'created' | 'exists'> {
    const folder = this.#folder(namespace, name);
    return this.#inTurn(async () => createFolder(folder, data));
  }

  async replace(
    namespace: string,
    name: string,
    { before, data }: SecretChange,
  ): Promise<'replaced' | 'changed'> {
    const folder = this.#folder(namespace, name);
    return this.#inTurn(async () => {
      if (!isSameValue(await this.read(namespace, name), before)) return 'changed';
      await swap(folder, data);
      return 'replaced';
    });
  }

  async write(namespace: string, name: string, data: SecretData): Promise<void> {
    const folder = this.#folder(namespace, name);
    await this.#inTurn(async () => {
      if ((await createFolder(folder, data)) === 'exists') await swap(folder, data);
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  #folder(namespace: string, name: string): string {
    for (const part of [namespace, name]) mustBeFileName(part);
    return join(this.#root, namespace, name);
  }
}

/**
 * Read through the top-level names, as Envoy does, so that a file that a person put in the place of a link counts.
 * Other files beside the links are not of the secret: whoever mounts it may keep some there.
 */
async function readOnce(folder: string): Promise<SecretData | undefined | 'swapped'> {
  try {
    const before = await linkTarget(folder);
    const names = await fileNames(join(folder, before === undefined ? '' : dataLink));
    const texts = await Promise.all(
      names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const),
    );
    if ((await linkTarget(folder)) !== before) return 'swapped';
    return texts.length === 0 ? undefined : Object.fromEntries(texts);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return (await exists(folder)) ? 'swapped' : undefined;
  }
}

/** Builds it aside and renames it into place: rename refuses a folder that is not empty, so one of many wins. */
async function createFolder(folder: string, data: SecretData): Promise<'created' | 'exists'> {
  if ((await linkTarget(folder)) !== undefined) return 'exists';
  await mkdir(join(folder, '..'), { recursive: true, mode: folderMode });
  const draft = await mkdtemp(`${folder}.new-`);
  try {
    await swap(draft, data);
    await rename(draft, folder);
    return 'created';
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return 'exists';
    throw error;
  }
}

/** The steps of the kubelet's AtomicWriter: new files, one rename, then links and leftovers. */
async function swap(folder: string, data: SecretData): Promise<void> {
  const files = Object.entries(data);
  for (const [name] of files) mustBeFileName(name);
  const fresh = await mkdtemp(join(folder, `..${new Date().toISOString().replaceAll(/[-:TZ.]/g, '_')}`));
  await Promise.all(
    files.map(async ([name, text]) =>
      // On disk before it is named: a root that is lost in a crash would cut off every workload.
      writeFile(join(fresh, name), text, { mode: name.endsWith('.key') ? 0o600 : 0o644, flush: true }),
    ),
  );
  const target = fresh.slice(folder.length + 1);
  await replaceLink(join(folder, dataLink), target);
  await Promise.all(files.map(async ([name]) => replaceLink(join(folder, name), join(dataLink, name))));
  await removeStale(folder, target, data);
}

/** Former folders of data, and links to files that are no more. What others put beside them stays. */
async function removeStale(folder: string, target: string, data: SecretData): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const stale = entries.filter((entry) => {
    const { name } = entry;
    if (name.startsWith('..')) return name !== dataLink && name !== target;
    return entry.isSymbolicLink() && !(name in data);
  });
  await Promise.all(stale.map(async ({ name }) => rm(join(folder, name), { recursive: true, force: true })));
}

async function fileNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted();
}

async function replaceLink(path: string, target: string): Promise<void> {
  const present = await readlink(path).catch(() => undefined);
  if (present === target) return;
  const draft = `${path}_tmp_${randomBytes(6).toString('hex')}`;
  await symlink(target, draft);
  await rename(draft, path);
}

async function linkTarget(folder: string): Promise<string | undefined> {
  return readlink(join(folder, dataLink)).catch(() => undefined);
}

async function exists(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}

/** Names become paths: nothing may lead out of the folder. */
function mustBeFileName(name: string): void {
  if (!/^[A-Za-z0-9][-._A-Za-z0-9]{0,252}$/.test(name))
    throw new Error(`not a name for a secret or its file: ${name}`);
}
