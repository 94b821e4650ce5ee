// The operator as users run it on a folder of YAML: a process of its own, that a test may kill.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { Condition } from '../../../api/v1alpha1/common.ts';
import type { ObjectRef } from '../../../operator/objects/objects.ts';
import { objectFileName } from '../../../operator/platform/files/state/object-files.ts';
import { type Child, startChild } from '../kubernetes/child.ts';
import { poll } from '../kubernetes/poll.ts';

const Ready = z.object({ xdsPort: z.int(), adminPort: z.int() });
const Status = z.object({ status: z.object({ conditions: z.array(Condition) }) });

export class FilesOperator {
  readonly folder: string;
  readonly state: string;
  readonly #root: string;
  readonly #args: readonly string[];
  #child: Child | undefined;
  #adminPort = 0;
  #xdsPort = 0;

  private constructor(root: string, args: readonly string[]) {
    this.#args = args;
    this.#root = root;
    this.folder = join(root, 'mesh');
    this.state = join(root, 'state');
  }

  /** root: an empty folder that the test removes. args: more of them. */
  static async in(root: string, args: readonly string[] = []): Promise<FilesOperator> {
    const operator = new FilesOperator(root, args);
    await mkdir(operator.folder);
    return operator;
  }

  async put(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text);
  }

  /** Of a client at a provider of logins. */
  async putLoginSecret(namespace: string, key: string, text: string): Promise<void> {
    const folder = join(this.state, 'secrets', namespace, 'meshwright-login');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, key), text);
  }

  async remove(file: string): Promise<void> {
    await rm(join(this.folder, file));
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const ready = join(this.#root, 'ready.json');
    await rm(ready, { force: true });
    const places = ['--platform', 'files', '--files', this.folder, '--state', this.state];
    const ports = ['--admin-address', '127.0.0.1:0', '--ready-file', ready];
    const command = [process.execPath, 'operator/main.ts', ...places, ...ports, ...this.#args];
    const child = await startChild(command, join(this.#root, 'operator.log'));
    this.#child = child;
    const look = async (): Promise<string | undefined> => {
      if (!child.running()) throw new Error(`The operator has ended: ${await child.tail()}`);
      return readFile(ready, 'utf8').catch(() => undefined);
    };
    const said = await poll(look, { intervalMs: 20, deadlineMs: 60_000 });
    const { adminPort, xdsPort } = Ready.parse(JSON.parse(said));
    this.#adminPort = adminPort;
    this.#xdsPort = xdsPort;
  }

  /** Of its latest start. */
  get xdsPort(): number {
    return this.#xdsPort;
  }

  get adminAddress(): string {
    return `http://127.0.0.1:${this.#adminPort}`;
  }

  /** With -9. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  running(): boolean {
    return this.#child?.running() ?? false;
  }

  async log(): Promise<string> {
    return readFile(join(this.#root, 'operator.log'), 'utf8');
  }

  /** Type → condition; undefined if the object has no status. */
  async conditions(ref: ObjectRef): Promise<Readonly<Record<string, Condition>> | undefined> {
    const path = join(this.state, 'status', objectFileName(ref, '.yaml'));
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const { conditions } = Status.parse(parse(text)).status;
    return Object.fromEntries(conditions.map((condition) => [condition.type, condition]));
  }

  /** The answer of the admin server, as text. */
  async ask(path: string): Promise<string> {
    return (await fetch(`${this.adminAddress}${path}`)).text();
  }
}
