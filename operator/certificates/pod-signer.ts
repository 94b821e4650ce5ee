// Answers the requests of kubelets for certificates of pods. Entry: createPodSigner. Every operator does, whether it leads or not, and before it
// serves anything: a container that ends while its kubelet waits for a certificate is not started again. An answer is written once, by
// whoever is first; what cannot be answered now is tried again, and told of if it lasts.
import type { Clock } from '../process/clock.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { PodCertificatePort, PodCertificateRequest, RequestId } from '../ports/pod-certificate-port.ts';
import type { Authority } from './authority.ts';
import { textOf } from './error-text.ts';
import { isOfMesh, judgeRequest, podCertificate, type SigningTerms } from './pod-request.ts';

export interface PodSignerPorts {
  readonly port: PodCertificatePort;
  readonly openAuthority: () => Promise<Authority>;
  /** null: no Mesh is in force. */
  readonly terms: () => SigningTerms | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly onAnswer: (answer: 'issued' | 'denied') => void;
  /** The requests that wait have changed. */
  readonly onChange: (waiting: readonly WaitingRequest[]) => void;
}

/** Somebody misses this certificate. */
export interface WaitingRequest {
  /** `shop/reviews-v1-7d4f` */
  readonly pod: string;
  readonly createdMs: number;
  /** Why it is not signed: a sentence. */
  readonly why: string;
}

export interface PodSigner extends Component {
  /** The Mesh, or its namespaces, may have changed: those that wait are looked at again. */
  recheck(): void;
}

/** Requests answered at a time. */
const parallel = 8;
const firstRetryMs = 1000;
const maxRetryMs = 30_000;

export function createPodSigner(ports: PodSignerPorts): PodSigner {
  return new Signer(ports);
}

interface Entry {
  readonly request: PodCertificateRequest;
  /** null: nobody misses it; undefined: not looked at yet. */
  why: string | null | undefined;
}

class Signer implements PodSigner {
  readonly name = 'pod certificates';
  readonly #ports: PodSignerPorts;
  readonly #entries = new Map<string, Entry>();
  readonly #stopping = new AbortController();
  #watching: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #failedPasses = 0;
  #told = '[]';
  #cancelTimer: () => void = () => undefined;

  constructor(ports: PodSignerPorts) {
    this.#ports = ports;
  }

  start(): Promise<void> {
    const sink = {
      waiting: (request: PodCertificateRequest): void => {
        const key = keyOf(request);
        if (this.#entries.get(key)?.request.uid === request.uid) return;
        this.#entries.set(key, { request, why: undefined });
        this.#wake();
      },
      settled: (id: RequestId): void => {
        if (this.#entries.delete(keyOf(id))) this.#tell();
      },
    };
    this.#watching = this.#ports.port.watch(sink, this.#stopping.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelTimer();
    await Promise.all([this.#watching, this.#running]);
  }

  /** Others are not to wait for it, nor it for others. */
  ready(): boolean {
    return true;
  }

  recheck(): void {
    if (this.#entries.size > 0) this.#wake();
  }

  /** Runs passes, one at a time, until nothing new has come while one ran. */
  #wake(): void {
    this.#isWanted = true;
    if (this.#stopping.signal.aborted || this.#running !== undefined) return;
    this.#cancelTimer();
    this.#running = this.#passes().finally(() => {
      this.#running = undefined;
      this.#sleep();
    });
  }

  async #passes(): Promise<void> {
    while (this.#isWanted && !this.#stopping.signal.aborted) {
      this.#isWanted = false;
      // oxlint-disable-next-line no-await-in-loop -- one at a time
      await this.#pass();
    }
  }

  #sleep(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#isWanted) return this.#wake();
    if (this.#entries.size === 0) return;
    const afterMs = Math.min(firstRetryMs * 2 ** this.#failedPasses, maxRetryMs);
    this.#cancelTimer = this.#ports.clock.after(afterMs, () => this.#wake());
  }

  async #pass(): Promise<void> {
    if (this.#entries.size === 0) return;
    const terms = this.#ports.terms();
    if (terms === null) this.#allWait('No Mesh is in force. Create a Mesh.');
    else await this.#answerAll(terms);
    this.#failedPasses = this.#entries.size === 0 ? 0 : this.#failedPasses + 1;
    this.#tell();
  }

  async #answerAll(terms: SigningTerms): Promise<void> {
    let authority: Authority;
    try {
      authority = await this.#ports.openAuthority();
    } catch (error) {
      return this.#allWait(`The certificate authority cannot be opened: ${textOf(error)}.`);
    }
    const left = [...this.#entries.values()].values();
    const worker = async (): Promise<void> => {
      for (const entry of left) {
        if (this.#stopping.signal.aborted) return;
        // oxlint-disable-next-line no-await-in-loop -- each worker takes one at a time: that is the bound
        await this.#answer(entry, terms, authority);
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
  }

  async #answer(entry: Entry, terms: SigningTerms, authority: Authority): Promise<void> {
    const { request } = entry;
    try {
      entry.why = await this.#decide(request, terms, authority);
    } catch (error) {
      entry.why = `It cannot be signed: ${textOf(error)}.`;
      this.#ports.log.warn({ pod: podOf(request), error }, 'pod certificate not signed, retrying');
      return;
    }
    // Unless there is another one of this name by now.
    const isPresent = this.#entries.get(keyOf(request)) === entry;
    if (entry.why === undefined && isPresent) this.#entries.delete(keyOf(request));
  }

  /** undefined: it is answered. */
  async #decide(
    request: PodCertificateRequest,
    terms: SigningTerms,
    authority: Authority,
  ): Promise<string | null | undefined> {
    const { port, clock, log, onAnswer } = this.#ports;
    // There may be many of them, and each pass comes by.
    if (!isOfMesh(request, terms)) return null;
    const pod = await port.pod(request.namespace, request.podName);
    const now = clock.now();
    const signerEnd = authority.signer.notAfter;
    const judgement = judgeRequest(request, pod, { terms, signerEnd, now });
    if (judgement.type === 'wait') return judgement.why;
    const said = { pod: podOf(request), request: request.name, serviceAccount: request.serviceAccount };
    if (judgement.type === 'deny') {
      log.warn({ ...said, node: request.node, ...judgement.denial }, 'pod certificate denied');
      if ((await port.deny(request, judgement.denial, now)) === 'written') onAnswer('denied');
      return undefined;
    }
    const signed = await authority.certify(judgement.key);
    const written = await port.issue(request, podCertificate(signed, request.podUid), now);
    if (written === 'settled') return undefined;
    log.info({ ...said, spiffeId: judgement.key.spiffeId }, 'pod certificate issued');
    onAnswer('issued');
    return undefined;
  }

  #allWait(why: string): void {
    for (const entry of this.#entries.values()) entry.why = why;
  }

  #tell(): void {
    const waiting = [...this.#entries.values()].flatMap(({ request, why }) =>
      typeof why === 'string' ? [{ pod: podOf(request), createdMs: request.createdMs, why }] : [],
    );
    const text = JSON.stringify(waiting);
    if (text === this.#told) return;
    this.#told = text;
    this.#ports.onChange(waiting);
  }
}

function keyOf({ namespace, name }: RequestId): string {
  return `${namespace}/${name}`;
}

function podOf({ namespace, podName }: PodCertificateRequest): string {
  return `${namespace}/${podName}`;
}
