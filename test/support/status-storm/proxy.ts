// An Envoy of the storm, and all that may happen to it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Closing } from '../data-plane/closing.ts';
import type { EnvoyProcess } from '../envoy.ts';
import { startTcpProxy, type TcpProxy } from '../kubernetes/tcp-proxy.ts';
import { type FilesSidecarOptions, startFilesSidecar } from '../operator/files-sidecar.ts';

export interface Dump {
  readonly text: string;
  /** It has started, but has not been ready since: nobody has reached it with a configuration yet. */
  readonly isFresh: boolean;
}

export class StormProxy {
  readonly name: string;
  readonly #options: FilesSidecarOptions;
  readonly #link: TcpProxy;
  #envoy: EnvoyProcess;
  /** What it runs while it is frozen and cannot be asked. */
  #frozen: Dump | null = null;
  /** Since its start. */
  #wasReady = false;
  #starts = 1;

  private constructor(options: FilesSidecarOptions, link: TcpProxy, envoy: EnvoyProcess) {
    this.name = options.name;
    this.#options = options;
    this.#link = link;
    this.#envoy = envoy;
  }

  /** It reaches the operator over a link of its own. */
  static async start(options: FilesSidecarOptions, closing: Closing): Promise<StormProxy> {
    const link = await startTcpProxy(options.xdsPort);
    closing.add(() => link.stop());
    const over = { ...options, xdsPort: link.port };
    const envoy = await startFilesSidecar(over);
    const proxy = new StormProxy(over, link, envoy);
    closing.add(() => proxy.#envoy.stop());
    await proxy.ready();
    return proxy;
  }

  isAnswering(): boolean {
    return this.#frozen === null;
  }

  /** Rejects if it is not within a minute. */
  async ready(): Promise<void> {
    await this.#envoy.waitFor(() => this.#envoy.ready());
  }

  /** null: it does not run. */
  async dump(): Promise<Dump | null> {
    if (this.#frozen !== null) return this.#frozen;
    // Asked first: what is ready has all by then.
    this.#wasReady ||= await this.#envoy.ready().catch(() => false);
    const dump = await this.#envoy.configDump().catch(() => null);
    return dump && { text: JSON.stringify(dump), isFresh: !this.#wasReady };
  }

  /** Nothing reaches it between its last dump and its sleep. Each of these gives what ends it. */
  async freeze(): Promise<() => Promise<void>> {
    this.#link.freeze();
    await sleep(100);
    this.#frozen = await this.dump();
    this.#envoy.signal('SIGSTOP');
    return async () => {
      this.#envoy.signal('SIGCONT');
      this.#link.cut();
      this.#link.mend();
      this.#frozen = null;
      await sleep(50);
    };
  }

  cut(): () => Promise<void> {
    this.#link.cut();
    return () => Promise.resolve(this.#link.mend());
  }

  stall(): () => Promise<void> {
    this.#link.freeze();
    return () => {
      this.#link.cut();
      return Promise.resolve(this.#link.mend());
    };
  }

  async restart(): Promise<void> {
    await this.#envoy.stop();
    this.#wasReady = false;
    this.#starts += 1;
    const dir = `${this.#options.dir}-${this.#starts}`;
    this.#envoy = await startFilesSidecar({ ...this.#options, dir });
  }
}
