// The way to the operator that leads, which alone knows all: a forwarded port, opened again when it ends or another one leads. Entry: Way.
import { parseHolder } from '../../replicas/holder.ts';
import type { Kubectl } from './kubectl.ts';

/** As deploy/manifests/operator.yaml has it. */
const adminPort = '8080';
const lease = 'meshwright-operator';
/** While somebody looks, the Lease is read that often, in milliseconds. */
const lookEveryMs = 10_000;

interface Open {
  readonly pod: string;
  readonly url: URL;
  readonly close: () => void;
  readonly ended: Promise<void>;
}

export class Way {
  readonly #kubectl: Pick<Kubectl, 'run' | 'forward'>;
  readonly #signal: AbortSignal;
  readonly #wallMs: () => number;
  #open: Promise<Open> | undefined;
  #lookedMs = 0;
  #isLooking = false;

  /** The signal closes it. `wallMs`: of the clock on the wall, which goes on while the machine sleeps. */
  constructor(kubectl: Pick<Kubectl, 'run' | 'forward'>, signal: AbortSignal, wallMs: () => number) {
    this.#kubectl = kubectl;
    this.#signal = signal;
    this.#wallMs = wallMs;
  }

  /** Rejects with a sentence. */
  async get(): Promise<URL> {
    const open = this.#open ?? this.#start();
    // Also if the clock was set back.
    const isDue = Math.abs(this.#wallMs() - this.#lookedMs) >= lookEveryMs;
    if (isDue && !this.#isLooking) void this.#follow(open);
    const { url } = await open;
    return url;
  }

  #start(): Promise<Open> {
    this.#lookedMs = this.#wallMs();
    return this.#use(this.#leader().then((pod) => this.#forward(pod)));
  }

  /** Until it fails or ends. */
  #use(open: Promise<Open>): Promise<Open> {
    this.#open = open;
    const forget = (): void => {
      if (this.#open === open) this.#open = undefined;
    };
    open.then(({ ended }) => ended).then(forget, forget);
    return open;
  }

  /** Nobody waits for it: whoever asks meanwhile is led to the one before. */
  async #follow(current: Promise<Open>): Promise<void> {
    this.#isLooking = true;
    this.#lookedMs = this.#wallMs();
    try {
      const { pod, close } = await current;
      const leader = await this.#leader();
      if (leader === pod) return;
      const next = await this.#forward(leader);
      if (this.#open === current) void this.#use(Promise.resolve(next));
      else next.close();
      close();
    } catch {
      // Nobody leads, or nobody can be asked: the way there is stays until the next look.
    } finally {
      this.#isLooking = false;
    }
  }

  /** The name of its pod. */
  async #leader(): Promise<string> {
    const holder = await this.#kubectl.run('get', 'lease', lease, '--output=jsonpath={.spec.holderIdentity}');
    const pod = parseHolder(holder)?.name;
    if (pod === undefined) throw new Error('No operator leads at this moment. Try again.');
    return pod;
  }

  async #forward(pod: string): Promise<Open> {
    const stop = new AbortController();
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    const port = await this.#kubectl.forward(pod, adminPort, { signal, onEnd });
    return { pod, url: new URL(`http://127.0.0.1:${port}`), close: () => stop.abort(), ended };
  }
}
