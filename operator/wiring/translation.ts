// Resources → the mesh in force and the verdicts. Whatever fails in it, the last good mesh stays.
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import { createTranslator } from '../translate/translator.ts';
import { rememberLast } from '../values/remember.ts';
import type { Settings } from '../process/settings.ts';
import type { Made, Reads, Writes } from './part.ts';
import { guarded, type StageContext, timed } from './stage.ts';

type Cells = Reads<'resources'> & Writes<'identities' | 'translation'>;

export function createTranslation(
  { resources, identities, translation }: Cells,
  context: StageContext & { readonly settings: Pick<Settings, 'namespace'> },
): Made {
  const translate = createTranslator({ operatorNamespace: context.settings.namespace });
  const identitiesOf = rememberLast(
    (workloads: readonly WorkloadIr[]) => new Map(workloads.map((workload) => [workload.key, workload])),
  );
  resources.subscribe(() =>
    guarded(context, () => {
      const settled = resources.get();
      if (settled === null) return;
      const next = timed(context, 'translate', () => translate(settled));
      // First who may connect, then what there is to have. Without a Mesh proxies keep what they have.
      if (next.ir !== null) identities.set(identitiesOf(next.ir.workloads));
      translation.set(next);
    }),
  );
  return {};
}
