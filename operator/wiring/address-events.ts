// Events on Services that claim addresses of others, where the platform has Events; elsewhere nothing in its place.
import { createAddressEvents } from '../reconcile/address-events.ts';
import type { Context, Made, Reads } from './part.ts';

export interface AddressTellingContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'workloads'>;
}

export function createAddressTelling(
  { translation }: Reads<'translation'>,
  { platform, clock, log }: AddressTellingContext,
): Made {
  if (platform.workloads === undefined) return {};
  const events = createAddressEvents({ port: platform.workloads, clock, log });
  translation.subscribe(() => events.set(translation.get().addressClaims));
  return { leaderCallbacks: events };
}
