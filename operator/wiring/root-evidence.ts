// What the sidecars of all operators have shown of their roots and certificates. It is worked out while a root is rotated only.
import { absentWorkloads } from '../status/absent.ts';
import { evidenceOf } from '../status/root-evidence.ts';
import type { Clock } from '../process/clock.ts';
import { throttle } from '../process/throttle.ts';
import type { Made, Reads, Writes } from './part.ts';

type Cells = Reads<'resources' | 'translation' | 'snapshot' | 'publishedTrust' | 'proxies'> &
  Writes<'rootEvidence'>;

export function createRootEvidence(cells: Cells, { clock }: { readonly clock: Clock }): Made {
  const { resources, translation, snapshot, publishedTrust, proxies, rootEvidence } = cells;
  rootEvidence.define(() => {
    const published = snapshot.get();
    const present = proxies.get();
    const { workloads = [] } = translation.get().ir ?? {};
    const { pods = [] } = resources.get() ?? {};
    const now = new Date(clock.now());
    const seen = { workloads, pods, proxies: present, before: [], now };
    const absent = published === null ? [] : absentWorkloads({ snapshot: published, ...seen });
    return evidenceOf(publishedTrust.get(), present, absent);
  });
  const changed = throttle(rootEvidence.changed, clock);
  for (const cell of [resources, publishedTrust, proxies]) cell.subscribe(changed);
  return {};
}
