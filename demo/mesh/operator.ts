// The operator as a child process, started as any user would start it on the files platform.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectPath, type Child, type Children } from '../process/children.ts';
import { waitFor } from '../process/wait.ts';
import { getText, metricOf } from './http-text.ts';
import type { Workspace } from './workspace.ts';

const Proxies = z.array(z.unknown());
const Ready = z.object({ xdsPort: z.number(), adminPort: z.number(), pid: z.number() });

/** Part of its identity: sidecars check it. */
export const operatorNamespace = 'meshwright-system';

export interface OperatorPorts {
  readonly xds: number;
  readonly admin: number;
}

export class OperatorProcess {
  readonly ports: OperatorPorts;
  readonly #workspace: Workspace;
  readonly #children: Children;
  #child: Child | undefined;

  constructor(workspace: Workspace, children: Children, ports: OperatorPorts) {
    this.#workspace = workspace;
    this.#children = children;
    this.ports = ports;
  }

  /** The command line, from the project's root, as a user would type it. */
  commandLine(): string[] {
    const places = [
      '--files',
      this.#workspace.mesh,
      '--state',
      this.#workspace.state,
      '--ready-file',
      this.#readyFile(),
    ];
    const { xds, admin } = this.ports;
    const addresses = ['--xds-address', `127.0.0.1:${xds}`, '--admin-address', `127.0.0.1:${admin}`];
    // So that one scene can show what a proxy's refusal looks like: otherwise the operator would find it first.
    const skipped = ['--skip-check', 're2', '--namespace', operatorNamespace];
    // As `npm start` does.
    const node = ['--max-semi-space-size=16'];
    return [...node, 'operator/main.ts', '--platform', 'files', ...places, ...addresses, ...skipped];
  }

  /** Resolves when it serves. */
  async start(signal: AbortSignal): Promise<void> {
    rmSync(this.#readyFile(), { force: true });
    this.#child = await this.#children.start({
      name: 'the operator',
      command: process.execPath,
      args: this.commandLine(),
      cwd: projectPath('.'),
      stdout: join(this.#workspace.logs, 'operator.stdout'),
      stderr: join(this.#workspace.logs, 'operator.stderr'),
    });
    await waitFor(() => this.#readReady(), {
      what: 'the operator to be ready',
      deadlineMs: 30_000,
      signal,
      seen: () => `Its log is in ${this.#workspace.logs}.`,
    });
  }

  /** Without a chance to say good-bye. */
  async kill(): Promise<void> {
    await this.#child?.stop('SIGKILL');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resident memory in MiB; undefined where /proc does not exist. */
  residentMib(): number | undefined {
    const path = `/proc/${this.pid}/status`;
    const line = existsSync(path) ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8')) : null;
    return line === null ? undefined : Math.round(Number(line[1]) / 1024);
  }

  /** Resolves when so many sidecars have a stream to it. They say so themselves before it is there: as soon as they try. */
  async connected(count: number, signal: AbortSignal): Promise<void> {
    const probe = async (): Promise<true | undefined> => {
      const proxies = Proxies.parse(JSON.parse((await getText(this.ports.admin, '/debug/proxies')) ?? '[]'));
      return proxies.length >= count ? true : undefined;
    };
    const what = `${count} sidecars to be connected to the operator`;
    await waitFor(probe, { what, deadlineMs: 60_000, everyMs: 50, signal });
  }

  /** How often all sidecars have come to agree with a publication, and how long that took in all, since it started. */
  async convergence(): Promise<{ readonly count: number; readonly sumMs: number }> {
    const page = (await getText(this.ports.admin, '/metrics')) ?? '';
    const value = (of: string): number => metricOf(page, `meshwright_convergence_seconds_${of}`) ?? 0;
    return { count: value('count'), sumMs: value('sum') * 1000 };
  }

  #readyFile(): string {
    return join(this.#workspace.root, 'operator-ready.json');
  }

  #readReady(): z.infer<typeof Ready> | undefined {
    if (!existsSync(this.#readyFile())) return undefined;
    try {
      return Ready.parse(JSON.parse(readFileSync(this.#readyFile(), 'utf8')));
    } catch {
      return undefined;
    }
  }
}
