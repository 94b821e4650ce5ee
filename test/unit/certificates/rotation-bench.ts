// An issuer whose root is rotated, with one sidecar, time by hand and Secrets in memory. Entries: Bench, stopAll.
import { X509Certificate } from 'node:crypto';
import type { Issuer } from '../../../operator/certificates/issuer-ports.ts';
import { Requester } from '../../../operator/certificates/requested/requester.ts';
import { createIssuer } from '../../../operator/certificates/issuer.ts';
import { presentedLeaf } from '../../../operator/certificates/presented-leaf.ts';
import type { ProxyProof } from '../../../operator/certificates/rotation.ts';
import type { ServerCertificate } from '../../../operator/certificates/server-certificate.ts';
import { openStoredAuthority } from '../../../operator/certificates/stored-authority.ts';
import type { AuthorityIr, RootRotationIr } from '../../../operator/ir/mesh-ir.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryRequests } from '../../support/memory-requests.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { sampleRootRotation } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';
import { until } from '../../support/until.ts';
import { hourMs, identity, startOfTest } from './support.ts';

export const namespace = 'meshwright-system';
export const rootKey = `${namespace}/meshwright-ca`;
const reviewsKey = 'shop/meshwright-reviews';
const running: Issuer[] = [];

export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map(async (issuer) => issuer.stop()));
}

/** An issuer, and one sidecar that obeys it or does not. */
export class Bench {
  readonly secrets: MemorySecrets;
  readonly clock: FakeClock;
  readonly issuer: Issuer;
  readonly replaced: string[] = [];
  readonly overdue: string[] = [];
  readonly requests = new MemoryRequests();
  readonly requester: Requester;
  own: ServerCertificate | undefined;
  acknowledged = '';
  isObedient = true;
  /** Its kubelet has not looked at the Secret: it has the certificate that it had then. */
  staleFile: string | undefined;
  hasIssuers = true;
  authority: AuthorityIr = { type: 'BuiltIn' };

  constructor(secrets = new MemorySecrets(), clock = new FakeClock(startOfTest), isLeading = true) {
    [this.secrets, this.clock] = [secrets, clock];
    this.requester = new Requester(this.requests, clock);
    const settings = { secrets, namespace, secretName: 'meshwright-ca', trustDomain: 'cluster.local' };
    this.issuer = createIssuer({
      openAuthority: (leads) =>
        openStoredAuthority({
          ...settings,
          authority: this.authority,
          ...(this.hasIssuers && {
            asking: { requester: this.requester, isLeading: leads, ttlMs: 24 * hourMs },
          }),
          now: clock.now,
        }),
      secrets,
      namespace,
      clock,
      log: rememberingLog().log,
      onReplaced: ({ serviceAccount }) => this.replaced.push(serviceAccount),
      onOverdue: (workloads) => this.overdue.push(...workloads),
      evidence: () => ({ publishedTrust: this.own?.trustBundle ?? null, proxies: [this.#sidecar()] }),
      settleMs: 0,
    });
    running.push(this.issuer);
    if (isLeading) this.issuer.onStartedLeading();
  }

  async start(): Promise<void> {
    const take = (next: ServerCertificate): void => void (this.own = next);
    const first = this.issuer.serverCertificate(
      { spiffeId: 'spiffe://cluster.local/own', ttlMs: hourMs },
      take,
    );
    await this.issuer.start();
    this.own ??= await first;
  }

  async wish(rootRotation: Partial<RootRotationIr>, issuedAfterMs: number | null = null): Promise<void> {
    const certificates = { authority: this.authority, ttlMs: 24 * hourMs, issuedAfterMs };
    this.issuer.setIdentities([identity('shop', 'reviews')], {
      ...certificates,
      rootRotation: { ...sampleRootRotation, ...rootRotation },
    });
    await this.sleeps();
  }

  async obey(): Promise<void> {
    [this.isObedient, this.acknowledged] = [true, this.own?.trustBundle ?? ''];
    this.issuer.evidenceChanged();
    await this.sleeps();
  }

  /** In steps of a second, each with the rounds that it brings. */
  async passes(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      this.clock.advance(1_000);
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      await this.sleeps();
    }
  }

  async sleeps(): Promise<void> {
    await until('the issuer sleeps', () => this.clock.untilNextMs() !== undefined);
  }

  get phase(): string {
    const { rotation } = this.issuer.state().root ?? {};
    return rotation == null ? 'none' : `${rotation.phase}${rotation.isBack ? ' back' : ''}`;
  }

  file(name: string): string {
    return this.secrets.held.get(reviewsKey)?.[name] ?? '';
  }

  #sidecar(): ProxyProof {
    if (this.isObedient) this.acknowledged = this.own?.trustBundle ?? '';
    const leaf = presentedLeaf(
      new X509Certificate(this.staleFile ?? this.file('tls.crt')).raw,
      this.own?.issuers ?? '',
      this.own?.links ?? '',
    );
    const hasPublishedTrust = this.acknowledged === this.own?.trustBundle;
    return { workload: 'Pod/shop/reviews', isConnected: true, missingSince: null, hasPublishedTrust, leaf };
  }
}
