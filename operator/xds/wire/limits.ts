// How much a client may ask for. The bounds are ten times what the largest mesh that we measure needs, and their errors say what to
// do. Pure.
import { MessageError } from '../../envoy/proto/message-error.ts';

/** Of a request, and of what a stream subscribes to of one type: names, or versions that the client kept. */
export const mostNames = 50_000;

/** Of the name of a resource, in bytes of UTF-8. */
export const mostNameBytes = 512;

/** A client asks for more than it may: the message is well-formed, and `message` says what to do. */
export class LimitError extends MessageError {}

/** @throws LimitError when there are more than `mostNames`. */
export function checkNames(count: number): void {
  if (count <= mostNames) return;
  throw new LimitError(`more than ${mostNames} names of one type: ask for fewer, or for the wildcard "*"`);
}
