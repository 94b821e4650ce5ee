// Replicas of one workload have the same inbound side. Where messages come out equal they are made one object, so that they
// are held, checked and encoded once.
import { hash } from 'node:crypto';
import { rememberEach } from '../../values/remember.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { XdsResource } from './xds-resource.ts';

export type DedupeMessages = (built: readonly XdsResource[]) => readonly XdsResource[];

/**
 * The function returns `built` with the messages of an earlier call, if they are all equal to those. By what they say, not by
 * what they were made from: no input can be forgotten. An earlier list is known for as long as a message of it is in use.
 */
export function messageDeduplication(): DedupeMessages {
  const known = new Map<string, WeakRef<readonly EnvoyMessage[]>>();
  let limit = 64;
  const prune = (): void => {
    for (const [key, reference] of known) if (reference.deref() === undefined) known.delete(key);
    limit = Math.max(64, 2 * known.size);
  };
  return (built) => {
    const own = built.map(({ message }) => message);
    const key = own.map((message) => digestOf(message)).join(' ');
    const earlier = known.get(key)?.deref();
    if (earlier !== undefined)
      return built.map((resource, index) => ({ ...resource, message: earlier[index] ?? resource.message }));
    known.set(key, new WeakRef(own));
    for (const message of own) listOf.set(message, own);
    if (known.size > limit) prune();
    return built;
  };
}

/** What is one object already is read once: the rules of a port can be megabytes, and each replica has them. */
const digestOf = rememberEach((message: EnvoyMessage) => hash('sha256', JSON.stringify(message), 'base64'));

/** Keeps a list as long as one of its messages. */
const listOf = new WeakMap<EnvoyMessage, readonly EnvoyMessage[]>();
