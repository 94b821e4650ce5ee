// Secrets of clients for logins, which people put beside those of the operator: `secrets/<namespace>/meshwright-login/<key>`. Entry: LoginSecrets.
import { readdir } from 'node:fs/promises';
import type { Secret } from '../../../objects/objects.ts';
import type { ObjectSink, SecretData, SecretPort } from '../../../ports/platform.ts';
import { loginSecretName } from '../../../values/own-names.ts';
import { Redacted } from '../../../values/redacted.ts';
import type { Log } from '../../../process/log.ts';
import { isAbsent } from './atomic-file.ts';

export class LoginSecrets {
  readonly #root: string;
  readonly #secrets: Pick<SecretPort, 'readBrought'>;
  /** Namespaces of which the sink has one. */
  #told: ReadonlySet<string> = new Set();

  readonly #log: Pick<Log, 'error'>;
  #lastProblems = '';

  /** @param root with a folder for each namespace */
  constructor(root: string, secrets: Pick<SecretPort, 'readBrought'>, log: Pick<Log, 'error'>) {
    this.#root = root;
    this.#secrets = secrets;
    this.#log = log;
  }

  /** Tells the sink of what there is now, and of what is gone. What cannot be read is logged once, and the last that was stays. */
  async look(sink: ObjectSink): Promise<void> {
    const problems: string[] = [];
    const present = new Set<string>();
    for (const namespace of await foldersIn(this.#root)) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- there are few
        const data = await this.#secrets.readBrought(namespace, loginSecretName);
        if (data === undefined) continue;
        sink.upsert(secretOf(namespace, data));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        problems.push(`Secret ${namespace}/${loginSecretName} cannot be read: ${why}`);
      }
      present.add(namespace);
    }
    for (const namespace of this.#told) {
      if (!present.has(namespace)) sink.remove({ kind: 'Secret', namespace, name: loginSecretName });
    }
    this.#told = present;
    this.#tell(problems);
  }

  #tell(problems: readonly string[]): void {
    if (problems.join() === this.#lastProblems) return;
    this.#lastProblems = problems.join();
    for (const problem of problems) this.#log.error({ problem }, 'secret unreadable, keeping what it held');
  }
}

function secretOf(namespace: string, data: SecretData): Secret {
  const hidden = Object.entries(data).map(([key, text]) => [key, new Redacted(text)] as const);
  return {
    kind: 'Secret',
    metadata: { namespace, name: loginSecretName },
    data: Object.fromEntries(hidden),
  };
}

async function foldersIn(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
