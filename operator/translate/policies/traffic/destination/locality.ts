// locality: which zones are used is one setting, since its fields depend on each other; panicThreshold is another.
import type { LocalityIr } from '../../../../ir/destination.ts';
import { written } from '../../setting.ts';
import type { SettingGroup, Written } from './group.ts';

export interface LocalitySettings {
  /** null: zones make no difference. */
  readonly locality: LocalityIr | null;
  readonly 'locality.panicThreshold': number;
}

export const locality: SettingGroup<
  LocalitySettings,
  { readonly locality: LocalityIr | null; readonly panicThreshold: number }
> = {
  defaults: {
    locality: { value: null, origin: null },
    // Draining endpoints count as unhealthy, and are used only when hardly any other is left; Envoy's default would be below half.
    'locality.panicThreshold': { value: 1, origin: null },
  },
  written: ({ locality: fields }) =>
    written({
      locality: fields && localityOf(fields),
      'locality.panicThreshold': fields?.panicThreshold,
    }),
  worksOnTcp: () => true,
  resolve: (settings) => ({
    locality: settings.read('locality'),
    panicThreshold: settings.read('locality.panicThreshold'),
  }),
};

type Locality = NonNullable<Written['locality']>;

/** undefined: it says nothing of zones. */
function localityOf({ type, failover = [], weights = [] }: Locality): LocalityIr | undefined {
  switch (type) {
    case 'Failover':
      return { type, order: failover.map(({ from = null, to }) => ({ from, to })) };
    case 'Weighted':
      return { type, shares: weights.map(({ from = null, to }) => ({ from, to })) };
    case undefined:
      return undefined;
  }
}
