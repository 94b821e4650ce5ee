// Notes down what a stream did: counters of what was sent and answered, and a line in the log for each refusal.
import type { Effect } from '../session/events.ts';
import { normalise } from '../session/nack.ts';
import type { AdsServerOptions } from './options.ts';

/** Of a refusal that names thousands, the log has the first few. */
const mostCulprits = 10;

export function noteEffects(
  effects: readonly Effect[],
  workload: string | null,
  { observer, log }: Pick<AdsServerOptions, 'observer' | 'log'>,
): void {
  for (const effect of effects) {
    if (effect.type === 'send') observer.pushed(effect.typeUrl, effect.resources.length);
    else if (effect.type === 'acked') observer.acked(effect.typeUrl);
    else if (effect.type === 'nacked') {
      observer.nacked(effect.typeUrl);
      const { typeUrl, culprits } = effect;
      const some = culprits.slice(0, mostCulprits);
      const message = normalise(effect.message);
      log.warn(
        { workload, typeUrl, culprits: some, culpritCount: culprits.length, message },
        'proxy rejected resources',
      );
    }
  }
}
