// How pods get their certificates: as the Mesh asks for it and the cluster is able to. The operator that leads looks at the cluster now and
// then, since nodes come and go; only it gives pods anything.
import { deliveryOf, filesOnly } from '../certificates/delivery.ts';
import type { ClusterSupport } from '../ports/pod-certificate-port.ts';
import { isSameValue } from '../values/same-value.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'translation'> & Writes<'delivery'>;

/** A list of nodes of a thousand nodes is some 10 MB. */
const lookMs = 60_000;
const retryMs = 5000;

export interface DeliveryContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'podCertificates'>;
}

/** Until somebody has looked nothing is known; afterwards the last look counts, also while the API server cannot be reached. */
export function createDelivery(cells: Cells, { platform, clock, log }: DeliveryContext): Made {
  const { translation, delivery } = cells;
  const port = platform.podCertificates;
  let support: ClusterSupport | null = null;
  let term: { cancel: () => void } | undefined;
  let looking: Promise<void> = Promise.resolve();

  const settle = (): void => {
    const { ir } = translation.get();
    if (ir === null) return;
    const { certificates } = ir.settings;
    const next = port === undefined ? filesOnly : deliveryOf(certificates, support);
    const before = delivery.get();
    if (isSameValue(next, before)) return;
    if (next !== null && next.inUse !== before?.inUse) log.info({ ...next }, 'delivery of certificates');
    delivery.set(next);
  };
  const look = async (current: NonNullable<typeof term>): Promise<void> => {
    let afterMs = lookMs;
    try {
      support = (await port?.support()) ?? support;
    } catch (error) {
      log.warn({ error }, 'support of pod certificates not known, retrying');
      afterMs = retryMs;
    }
    if (term !== current) return;
    current.cancel = clock.after(afterMs, () => {
      looking = look(current);
    });
    settle();
  };

  translation.subscribe(settle);
  return {
    leaderCallbacks: {
      onStartedLeading: () => {
        if (port === undefined || term !== undefined) return;
        term = { cancel: () => undefined };
        looking = look(term);
      },
      onStoppedLeading: async () => {
        term?.cancel();
        term = undefined;
        await looking;
      },
    },
  };
}
