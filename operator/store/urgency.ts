// Which changes must not wait for a burst to end: those that take an endpoint away, because callers fail until
// they know.
import type { EndpointSlice, StoredObject } from '../objects/objects.ts';

/** next undefined: the object was removed. */
export function isUrgent(previous: StoredObject | undefined, next: StoredObject | undefined): boolean {
  if (previous === undefined) return false;
  if (next === undefined)
    return (
      previous.kind === 'Pod' || previous.kind === 'EndpointSlice' || previous.kind === 'ExternalWorkload'
    );
  if (isGoing(next) && !isGoing(previous)) return next.kind === 'Pod' || next.kind === 'ExternalWorkload';
  if (previous.kind === 'EndpointSlice' && next.kind === 'EndpointSlice')
    return losesEndpoint(previous, next);
  return false;
}

function isGoing(object: StoredObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

function losesEndpoint(previous: EndpointSlice, next: EndpointSlice): boolean {
  const stillReady = new Set(readyAddresses(next));
  return readyAddresses(previous).some((address) => !stillReady.has(address));
}

function readyAddresses(slice: EndpointSlice): readonly string[] {
  return slice.endpoints
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses);
}
