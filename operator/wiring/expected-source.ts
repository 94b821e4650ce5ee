// Where the proxy of a workload connects from.
import type { Settings } from '../process/settings.ts';
import type { ExpectedSource } from '../xds/server/source-address.ts';
import type { ProvableWorkload } from './board.ts';

/** An ExternalWorkload says where it is called, not where it calls from. */
export function sourceOf(
  workload: ProvableWorkload | undefined,
  { platform }: Pick<Settings, 'platform'>,
): ExpectedSource | undefined {
  if (workload === undefined) return undefined;
  const { kind, uid, addresses } = workload;
  const areSeen = platform.kind === 'kubernetes' && platform.sourceAddresses === 'seen';
  return { kind, uid, addresses: areSeen && kind === 'Pod' ? addresses : null };
}
