// Whose endpoints get copies of requests: routes of one service port may send them to those of another.
import type { Origin } from '../../../ir/origin.ts';
import type { CopiesIr } from '../../../ir/service.ts';
import { compareText } from '../../../values/compare-text.ts';
import { append } from '../../../values/labels.ts';
import { rememberEach } from '../../../values/remember.ts';
import { mergeOrigins } from '../../facts/origins.ts';
import type { RouteClaim } from './claims.ts';
import { isUnresolved, type Referable, resolveReference } from './references.ts';
import type { Effect, PortTraffic } from './resolve.ts';

/** Who sends copies of their requests to endpoints of a service port. */
export interface CopySender {
  /** The namespace of the callers; null: all but those of consumers. */
  readonly callers: string | null;
  /** Of the endpoints; null: all. */
  readonly subset: string | null;
  readonly origin: Origin;
}

/**
 * By the key of the service port that gets them. Of all routes, whoever of these callers calls at present.
 * @param ports keys of those that serve HTTP
 */
export function copiesByTarget(
  ports: readonly string[],
  byPort: ReadonlyMap<string, PortTraffic>,
  referable: Referable,
): ReadonlyMap<string, readonly CopySender[]> {
  const byTarget = new Map<string, CopySender[]>();
  for (const port of ports) {
    const at = byPort.get(port);
    if (at === undefined) continue;
    for (const routing of new Set([at, ...at.consumers].map((effect) => effect.routing))) {
      if (routing === null) continue;
      for (const [target, sender] of sentBy(port, routing, referable)) append(byTarget, target, sender);
    }
  }
  return byTarget;
}

function sentBy(
  own: string,
  { value, origin, consumer }: NonNullable<Effect['routing']>,
  referable: Referable,
): readonly (readonly [target: string, CopySender])[] {
  return mirrorsOf(value.routes).flatMap((reference) => {
    const found = resolveReference(reference, { own, routing: value, consumer }, referable);
    if (isUnresolved(found)) return [];
    return [[found.service, { callers: consumer, subset: found.subset, origin }] as const];
  });
}

const mirrorsOf = rememberEach((routes: readonly RouteClaim[]) =>
  routes.flatMap(({ answer, mirrors }) => (answer === null ? mirrors : [])),
);

/**
 * All endpoints first, then by name.
 * @param callers their namespace; null: all but consumers. Consumers of one Service may be everybody else's callers at another
 */
export function copiesOf(senders: readonly CopySender[], callers: string | null): readonly CopiesIr[] {
  const origins = new Map<string | null, Origin[]>();
  for (const sender of senders)
    if (sender.callers === null || sender.callers === callers) append(origins, sender.subset, sender.origin);
  return [...origins]
    .toSorted(([a], [b]) => compareText(a ?? '', b ?? ''))
    .map(([subset, all]) => ({ subset, origins: mergeOrigins(all) }));
}
