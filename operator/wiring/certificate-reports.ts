// What the status of the Mesh says of certificates. It changes when a phase of a rotation has lasted longer than it should, though nothing
// else does.
import type { Evidence } from '../certificates/rotation.ts';
import type { Clock } from '../process/clock.ts';
import type { CertificateReport } from '../status/ready.ts';
import type { RotationReport } from '../status/root-rotation.ts';
import type { Reads } from './part.ts';

type Cells = Reads<'translation' | 'certificates' | 'rootEvidence'>;

const noEvidence: Evidence = { publishedTrust: null, proxies: [] };

export class CertificateReports {
  readonly #cells: Cells;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(cells: Cells, clock: Clock) {
    this.#cells = cells;
    this.#clock = clock;
  }

  /** `onTimeout`: what was read has changed, by time alone. */
  read(onTimeout: () => void): CertificateReport {
    const { rootNotAfter, nextRenewal, authority, problems } = this.#cells.certificates.get();
    const rotation = this.#rotation();
    this.#watch(rotation, onTimeout);
    return {
      problems,
      ...(rotation !== undefined && { rotation }),
      ...(authority !== undefined && { authority }),
      ...(rootNotAfter !== undefined && { rootNotAfter }),
      ...(nextRenewal !== undefined && { nextRenewal }),
    };
  }

  /** It leads no longer, and waits for nothing: a timer would keep the process alive. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #rotation(): RotationReport | undefined {
    const { certificates, translation, rootEvidence } = this.#cells;
    const { root } = certificates.get();
    const wish = translation.get().ir?.settings.certificates.rootRotation;
    if (root === undefined || wish === undefined) return undefined;
    return { root, wish, evidence: root.rotation === null ? noEvidence : rootEvidence.get() };
  }

  #watch(report: RotationReport | undefined, onTimeout: () => void): void {
    this.end();
    const rotation = report?.root.rotation ?? null;
    if (report === undefined || rotation === null) return;
    const ms = rotation.sinceMs + report.wish.phaseTimeoutMs - this.#clock.now();
    if (ms > 0) this.#cancel = this.#clock.after(ms, onTimeout);
  }
}
