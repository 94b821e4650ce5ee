// Replicas of one workload have the same inbound side: their messages are one object, so that they are checked and encoded
// once. Held as long as somebody uses them.
import type { EnvoyMessage, XdsResource } from './xds-resource.ts';

export type ShareMessages = (content: string, built: readonly XdsResource[]) => readonly XdsResource[];

/** The function returns `built` with the messages of the first call of equal `content`: all that the messages were made from. */
export function messageSharing(): ShareMessages {
  const known = new Map<string, WeakRef<readonly EnvoyMessage[]>>();
  let limit = 64;
  return (content, built) => {
    const messages = known.get(content)?.deref();
    if (messages?.length === built.length) {
      return built.map((resource, index) => ({ ...resource, message: messages[index] ?? resource.message }));
    }
    const own = built.map(({ message }) => message);
    known.set(content, new WeakRef(own));
    for (const { message } of built) holders.set(message, own);
    if (known.size > limit) {
      for (const [key, reference] of known) if (reference.deref() === undefined) known.delete(key);
      limit = 2 * known.size;
    }
    return built;
  };
}

/** A list lives as long as one of its messages. */
const holders = new WeakMap<EnvoyMessage, readonly EnvoyMessage[]>();
