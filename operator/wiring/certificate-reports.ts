// What the status of the Mesh says of certificates. It changes when a phase of a rotation has lasted longer than it should, though nothing
// else does.
import type { Evidence } from '../certificates/rotation.ts';
import type { Clock } from '../process/clock.ts';
import type { CertificateReport } from '../status/ready.ts';
import type { DeliveryReport } from '../status/delivered.ts';
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import { rememberLast } from '../values/remember.ts';
import type { RotationReport } from '../status/root-rotation.ts';
import type { Reads } from './part.ts';

type Cells = Reads<
  'translation' | 'delivery' | 'waitingRequests' | 'proxies' | 'certificates' | 'rootEvidence'
>;

/** A request is signed within a second or so. */
const lateMs = 30_000;

const withPodCertificates = rememberLast(
  (workloads: readonly WorkloadIr[]): ReadonlySet<string> =>
    new Set(workloads.filter((it) => it.hasPodCertificate === true).map(({ key }) => key)),
);

const noEvidence: Evidence = { publishedTrust: null, proxies: [] };

export class CertificateReports {
  readonly #cells: Cells;
  readonly #clock: Clock;
  #cancels: (() => void)[] = [];

  constructor(cells: Cells, clock: Clock) {
    this.#cells = cells;
    this.#clock = clock;
  }

  /** `onTimeout`: what was read has changed, by time alone. */
  read(onTimeout: () => void): CertificateReport {
    const { rootNotAfter, nextRenewal, authority, problems } = this.#cells.certificates.get();
    this.end();
    const rotation = this.#rotation();
    this.#watch(rotation, onTimeout);
    const delivery = this.#delivery(onTimeout);
    return {
      problems,
      ...(delivery !== undefined && { delivery }),
      ...(rotation !== undefined && { rotation }),
      ...(authority !== undefined && { authority }),
      ...(rootNotAfter !== undefined && { rootNotAfter }),
      ...(nextRenewal !== undefined && { nextRenewal }),
    };
  }

  /** It leads no longer, and waits for nothing: a timer would keep the process alive. */
  end(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }

  #rotation(): RotationReport | undefined {
    const { certificates, translation, rootEvidence } = this.#cells;
    const { root } = certificates.get();
    const wish = translation.get().ir?.settings.certificates.rootRotation;
    if (root === undefined || wish === undefined) return undefined;
    const hasPodCertificates = this.#withPodCertificates().size > 0;
    const evidence = root.rotation === null ? noEvidence : rootEvidence.get();
    return { root, wish, hasPodCertificates, evidence };
  }

  #watch(report: RotationReport | undefined, onTimeout: () => void): void {
    const rotation = report?.root.rotation ?? null;
    if (report === undefined || rotation === null) return;
    this.#after(rotation.sinceMs + report.wish.phaseTimeoutMs - this.#clock.now(), onTimeout);
  }

  #after(ms: number, onTimeout: () => void): void {
    if (ms > 0) this.#cancels.push(this.#clock.after(ms, onTimeout));
  }

  #delivery(onTimeout: () => void): DeliveryReport | undefined {
    const delivery = this.#cells.delivery.get();
    if (delivery === null) return undefined;
    const waiting = this.#cells.waitingRequests.get();
    const late = waiting.filter(({ createdMs }) => createdMs + lateMs <= this.#clock.now());
    for (const { createdMs } of waiting) this.#after(createdMs + lateMs - this.#clock.now(), onTimeout);
    return { delivery, late, outdated: this.#outdated() };
  }

  #outdated(): readonly string[] {
    const { translation, proxies } = this.#cells;
    const { issuedAfterMs } = translation.get().ir?.settings.certificates ?? { issuedAfterMs: null };
    if (issuedAfterMs === null || issuedAfterMs > this.#clock.now()) return [];
    const theirs = this.#withPodCertificates();
    if (theirs.size === 0) return [];
    // Certificates know whole seconds only.
    const since = Math.floor(issuedAfterMs / 1000) * 1000;
    return proxies.get().flatMap(({ workload, leaf }) => {
      const isBefore = leaf !== null && leaf !== undefined && leaf.issuedMs < since;
      return isBefore && theirs.has(workload) ? [workload] : [];
    });
  }

  /** Keys of workloads. */
  #withPodCertificates(): ReadonlySet<string> {
    const { workloads = [] } = this.#cells.translation.get().ir ?? {};
    return withPodCertificates(workloads);
  }
}
