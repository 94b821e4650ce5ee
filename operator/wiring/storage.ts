// What the platform sees, settled into batches.
import { closing } from '../process/lifecycle.ts';
import { createStore } from '../store/store.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'change'> & Writes<'resources'>;

export function createStorage({ change, resources }: Cells, { clock }: Pick<Context, 'clock'>): Made {
  const store = createStore({ clock, onSettled: (settled) => resources.set(settled) });
  change.subscribe(() => {
    const seen = change.get();
    switch (seen?.type) {
      case 'upsert':
        return store.upsert(seen.object);
      case 'remove':
        return store.remove(seen.ref);
      case 'reject':
        return store.reject(...seen.said);
      case 'synced':
        return store.synced();
      case undefined:
        return undefined;
    }
  });
  return { component: closing('store', () => store.close()) };
}
