// Asks an issuer outside for certificates: one request at a time for each identity, a few at once, again with a back-off after a refusal.
// Keys stay in memory until they are certified, so a request that was not answered before the operator ended is made anew.
import { randomBytes } from 'node:crypto';
import type { IssuerRefIr } from '../../ir/mesh-ir.ts';
import type { CertificateRequestPort, RequestAnswer } from '../../ports/certificate-request-port.ts';
import { type Clock, pause } from '../../process/clock.ts';
import type { KeyPair, LeafRequest } from '../authority.ts';
import { textOf } from '../error-text.ts';
import { verdictOf } from './answer.ts';
import { type Issued, readIssued } from './issued.ts';
import { issuerKey, issuerName } from './issuer-name.ts';
import { SeenIssuers } from './seen-issuers.ts';
import { makeSigningRequest } from './signing-request.ts';
import { IssuerTrouble } from './trouble.ts';

/** Requests that wait for an answer. */
const mostWaiting = 32;
/** So long one waits for the answer; after that it is looked for in the next rounds. */
const patienceMs = 5000;
const [firstLookMs, lastLookMs] = [100, 500] as const;
/** One that has no answer after so long is made anew: its issuer may have lost it. */
const abandonedMs = 3_600_000;
/** What nobody asks for any more is forgotten after so long: those that still want it ask every minute. */
const unaskedMs = 900_000;
/** After a refusal, the same certificate is not asked for again for so long, then twice as long. */
const [firstRetryMs, lastRetryMs] = [10_000, 600_000] as const;

interface Pending {
  readonly name: string;
  readonly privateKey: string;
  readonly ttlMs: number;
  readonly sinceMs: number;
}

interface Entry {
  pending: Pending | null;
  refusals: number;
  /** In ms since 1970. */
  askedAtMs: number;
  /** In ms since 1970. */
  retryAtMs: number;
  trouble: IssuerTrouble | null;
  /** Of the last request that was refused: kept, so that its words can be read. */
  refused: string | null;
}

export class Requester {
  readonly #port: CertificateRequestPort;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly seen = new SeenIssuers();
  /** Leftovers of operators that led before are gone. */
  #cleaned: Promise<void> | null = null;
  /** Issuers whose answers were not waited for to the end. */
  readonly #slow = new Map<string, IssuerTrouble>();

  constructor(port: CertificateRequestPort, clock: Clock) {
    [this.#port, this.#clock] = [port, clock];
  }

  get namespace(): string {
    return this.#port.namespace;
  }

  /** Others may have led in the meantime: all requests that exist are leftovers. */
  startTerm(): void {
    this.#entries.clear();
    this.#slow.clear();
    this.#cleaned = null;
  }

  /** roots: PEM; the certificate has to lead to one of them. Empty: to any. Rejects with IssuerTrouble, or if a request cannot be made. */
  async issue(
    issuer: IssuerRefIr,
    request: LeafRequest,
    roots: readonly string[],
  ): Promise<KeyPair & { readonly root: string }> {
    const key = `${issuerKey(issuer)} ${request.spiffeId}`;
    const entry = this.#entryOf(key);
    entry.askedAtMs = this.#clock.now();
    if (entry.trouble !== null && entry.retryAtMs > this.#clock.now()) throw entry.trouble;
    const pending = await this.#pendingOf(entry, issuer, request);
    const answer = await this.#answerTo(entry, pending, issuer);
    const issued = readIssued(answer, {
      spiffeId: request.spiffeId,
      privateKey: pending.privateKey,
      ttlMs: request.ttlMs,
      now: this.#clock.now(),
      roots,
    });
    const usable = await this.#judged(entry, issuer, { issued, pending, isAnyRoot: roots.length === 0 });
    this.#entries.delete(key);
    await this.#remove(entry.refused);
    await this.#remove(pending.name);
    const { certificate, notBefore, notAfter, root } = usable;
    const { privateKey } = pending;
    return { certificate, privateKey, notBefore, notAfter, root, issuedMs: this.#clock.now() };
  }

  #entryOf(key: string): Entry {
    const present = this.#entries.get(key);
    if (present !== undefined) return present;
    const made: Entry = {
      pending: null,
      refusals: 0,
      askedAtMs: 0,
      retryAtMs: 0,
      trouble: null,
      refused: null,
    };
    this.#entries.set(key, made);
    return made;
  }

  async #pendingOf(entry: Entry, issuer: IssuerRefIr, request: LeafRequest): Promise<Pending> {
    await this.#clean();
    const { pending } = entry;
    const now = this.#clock.now();
    if (pending !== null && pending.ttlMs === request.ttlMs && pending.sinceMs + abandonedMs > now)
      return pending;
    if (pending !== null) await this.#drop(entry);
    await this.#forgetUnasked();
    const slow = this.#slow.get(issuerKey(issuer));
    const waiting = [...this.#entries.values()].filter((it) => it.pending !== null).length;
    if (slow !== undefined && waiting >= mostWaiting) throw slow;
    const { csr, privateKey } = await makeSigningRequest(request);
    const { spiffeId, ttlMs } = request;
    const name = `meshwright-${randomBytes(8).toString('hex')}`;
    const made: Pending = { name, privateKey, ttlMs, sinceMs: now };
    entry.pending = made;
    try {
      await this.#port.create(name, { issuer, csr, spiffeId, ttlMs });
    } catch (error) {
      entry.pending = null;
      throw this.#refused(entry, issuer, `cannot be asked: ${textOf(error)}`);
    }
    return made;
  }

  async #answerTo(entry: Entry, pending: Pending, issuer: IssuerRefIr): Promise<RequestAnswer> {
    const key = issuerKey(issuer);
    // One that keeps some waiting is not waited for by all the others, too.
    const until = this.#clock.monotonicMs() + (this.#slow.has(key) ? 0 : patienceMs);
    for (let ms: number = firstLookMs; ; ms = Math.min(ms * 2, lastLookMs)) {
      // oxlint-disable-next-line no-await-in-loop -- until there is an answer
      const answer = await this.#port.read(pending.name);
      if (answer === undefined) {
        entry.pending = null;
        throw this.#late(issuer, 'the request was deleted before it was answered; there will be another one');
      }
      const verdict = verdictOf(answer);
      if (verdict.type !== 'Pending') this.#slow.delete(key);
      if (verdict.type === 'Issued') return answer;
      if (verdict.type === 'Refused') {
        entry.pending = null;
        throw await this.#refusedBy(entry, issuer, { name: pending.name, why: `refuses: ${verdict.why}` });
      }
      if (this.#clock.monotonicMs() >= until) throw this.#late(issuer, verdict.why);
      // oxlint-disable-next-line no-await-in-loop
      await pause(ms, this.#clock);
    }
  }

  async #judged(
    entry: Entry,
    issuer: IssuerRefIr,
    {
      issued,
      pending,
      isAnyRoot,
    }: { readonly issued: Issued; readonly pending: Pending; readonly isAnyRoot: boolean },
  ): Promise<Issued & { type: 'Usable' }> {
    if (issued.type === 'Unusable') {
      entry.pending = null;
      throw await this.#refusedBy(entry, issuer, { name: pending.name, why: issued.why });
    }
    this.seen.note(issuer, issued);
    if (!issued.isOtherRoot || isAnyRoot) return issued;
    await this.#drop(entry);
    throw new IssuerTrouble(
      'Slow',
      issuerName(issuer, this.namespace),
      `${issuerName(issuer, this.namespace)} signs with another root certificate now. Its certificates are used as soon as all proxies trust this root: see RootRotated.`,
    );
  }

  #late(issuer: IssuerRefIr, why: string): IssuerTrouble {
    const name = issuerName(issuer, this.namespace);
    const trouble = new IssuerTrouble(
      'Slow',
      name,
      `${name} has not issued it yet: ${why}. See the CertificateRequests in namespace ${this.namespace}.`,
    );
    this.#slow.set(issuerKey(issuer), trouble);
    return trouble;
  }

  /** The one refused before is of no interest any more. */
  async #refusedBy(
    entry: Entry,
    issuer: IssuerRefIr,
    { name, why }: { readonly name: string; readonly why: string },
  ): Promise<IssuerTrouble> {
    await this.#remove(entry.refused);
    entry.refused = name;
    return this.#refused(entry, issuer, why);
  }

  #refused(entry: Entry, issuer: IssuerRefIr, why: string): IssuerTrouble {
    const name = issuerName(issuer, this.namespace);
    const trouble = new IssuerTrouble('Refused', name, `${name} ${why}.`);
    entry.trouble = trouble;
    entry.retryAtMs = this.#clock.now() + Math.min(firstRetryMs * 2 ** entry.refusals, lastRetryMs);
    entry.refusals += 1;
    return trouble;
  }

  async #forgetUnasked(): Promise<void> {
    for (const [key, entry] of this.#entries) {
      if (entry.askedAtMs + unaskedMs > this.#clock.now()) continue;
      this.#entries.delete(key);
      // oxlint-disable-next-line no-await-in-loop -- seldom more than one
      await Promise.all([this.#remove(entry.refused), this.#drop(entry)]);
    }
  }

  async #drop(entry: Entry): Promise<void> {
    await this.#remove(entry.pending?.name ?? null);
    entry.pending = null;
  }

  /** What stays for now goes when another operator begins to lead. */
  async #remove(name: string | null): Promise<void> {
    if (name !== null) await this.#port.remove(name).catch(() => undefined);
  }

  /** Once: who asks meanwhile waits for it, or what is new would be taken for a leftover. */
  #clean(): Promise<void> {
    this.#cleaned ??= this.#removeLeftovers();
    return this.#cleaned;
  }

  async #removeLeftovers(): Promise<void> {
    const names = await this.#port.list().catch(() => []);
    await Promise.all(names.map((name) => this.#remove(name)));
  }
}
