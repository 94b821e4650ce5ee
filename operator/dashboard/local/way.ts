// The way to the operator that leads, which alone knows all: a forwarded port, opened again when it ends or another one leads. Entry: Way.
import { parseHolder } from '../../replicas/holder.ts';
import type { Kubectl } from './kubectl.ts';

/** As deploy/manifests/operator.yaml has it. */
const adminPort = '8080';
const lease = 'meshwright-operator';

export class Way {
  readonly #kubectl: Kubectl;
  readonly #signal: AbortSignal;
  #open: Promise<URL> | undefined;

  /** The signal closes it. */
  constructor(kubectl: Kubectl, signal: AbortSignal) {
    this.#kubectl = kubectl;
    this.#signal = signal;
  }

  /** Rejects with a sentence. */
  async get(): Promise<URL> {
    this.#open ??= this.#start();
    return this.#open;
  }

  async #start(): Promise<URL> {
    const forget = (): void => {
      this.#open = undefined;
    };
    try {
      const holder = await this.#kubectl.run(
        'get',
        'lease',
        lease,
        '--output=jsonpath={.spec.holderIdentity}',
      );
      const pod = parseHolder(holder)?.name;
      if (pod === undefined) throw new Error('No operator leads at this moment. Try again.');
      const port = await this.#kubectl.forward(pod, adminPort, { signal: this.#signal, onEnd: forget });
      return new URL(`http://127.0.0.1:${port}`);
    } catch (error) {
      forget();
      throw error;
    }
  }
}
