// How callers reach the endpoints of a service port: everybody, and consumers, of which policies in their own namespace say something
// else (decision 046).
import type { ConsumerIr, ServicePortIr } from '../../../ir/service.ts';
import type { FoundEndpoint } from '../../facts/endpoints.ts';
import { mergeOrigins } from '../../facts/origins.ts';
import type { PortView } from '../../facts/service-view.ts';
import { byText } from '../../../values/compare-text.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { type Audiences, callersIn } from './audiences.ts';
import { copiesOf, type CopySender } from './copies.ts';
import { resolveConnectionRoutes } from './connection-routes.ts';
import { resolveDestination } from './destination/destination.ts';
import { type Effect, effectFor, type PortTraffic, resolveSubsets, type RoutedPort } from './resolve.ts';
import { type Repeater, repeaters } from './retries.ts';

type Reaching = Omit<ConsumerIr, 'audience'>;

interface Inputs {
  readonly view: PortView;
  readonly found: readonly FoundEndpoint[];
  /** By routes of other ports. */
  readonly repeaters: readonly Repeater[];
  /** By routes of any port. */
  readonly copySenders: readonly CopySender[];
  readonly audiences: Audiences;
}

export function resolveReaching(
  port: RoutedPort,
  traffic: PortTraffic,
  inputs: Inputs,
): Reaching & Pick<ServicePortIr, 'consumers'> {
  const everybody = reachingOf(port, traffic, inputs, null);
  return { ...everybody, consumers: resolveConsumers(port, traffic, inputs, everybody) };
}

// oxlint-disable-next-line max-params -- as above, and what is the same for all others
function resolveConsumers(
  port: RoutedPort,
  traffic: PortTraffic,
  inputs: Inputs,
  everybody: Reaching,
): readonly ConsumerIr[] {
  const namespaces = consumersOf(traffic, [...inputs.repeaters, ...inputs.copySenders]);
  if (namespaces.length === 0) return [];
  const keys = namespaces.map((namespace) => ({ namespace, key: callersIn(namespace).key }));
  return inputs.audiences.present.flatMap(([audience, holds]) => {
    const namespace = keys.find(({ key }) => holds.has(key))?.namespace;
    if (namespace === undefined) return [];
    const effect = effectFor(traffic, holds);
    const own = withSubsets(reachingOf(port, effect, inputs, namespace), everybody.subsets);
    return isSame(own, everybody) ? [] : [{ audience, ...own }];
  });
}

/** Namespaces. */
function consumersOf(
  { consumers }: PortTraffic,
  others: readonly Pick<Repeater, 'callers'>[],
): readonly string[] {
  return [
    ...new Set([
      ...consumers.map(({ namespace }) => namespace),
      ...others.flatMap(({ callers }) => callers ?? []),
    ]),
  ];
}

/** callers: their namespace; null: all but consumers. */
// oxlint-disable-next-line max-params -- what is in effect, and for whom
function reachingOf(
  port: RoutedPort,
  effect: Effect,
  { view, found, repeaters: elsewhere, copySenders }: Inputs,
  callers: string | null,
): Reaching {
  const { routing, settings } = effect;
  const repeating = elsewhere.filter((one) => one.callers === null || one.callers === callers);
  return {
    destination: resolveDestination(
      settings,
      view.protocol === 'TCP' ? [] : [...repeaters(effect), ...repeating.map(({ origin }) => origin)],
    ),
    subsets: resolveSubsets(port, effect, found),
    copies: copiesOf(copySenders, callers),
    connectionRoutes: resolveConnectionRoutes(port, view, effect),
    origins: mergeOrigins([port.origin], routing === null ? [] : [routing.origin]),
  };
}

/** Routes of other Services may lead to those that are there for everybody. */
function withSubsets(own: Reaching, everybody: Reaching['subsets']): Reaching {
  const all = new Map([...everybody, ...own.subsets].map((subset) => [subset.name, subset]));
  return { ...own, subsets: [...all.values()].toSorted(byText(({ name }) => name)) };
}

/** Whoever decides it. */
function isSame(own: Reaching, everybody: Reaching): boolean {
  return isSameValue({ ...own, origins: everybody.origins }, everybody);
}
