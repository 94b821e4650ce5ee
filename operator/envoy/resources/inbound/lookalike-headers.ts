// Headers of a caller that an application could take for those that sidecars write. CGI, WSGI, Rack and their like make one variable
// of `a-b` and `a_b`. Only these are removed: other names with underscores are the application's own.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { earlyHeaderMutation } from '../header.ts';

/** The caller's identity, which Envoy writes from the certificate. */
const callerHeader = 'x-forwarded-client-cert';

/** With each `-` and `_` as one or the other. */
export function spellingsOf(name: string): readonly string[] {
  const [first = '', ...words] = name.split(/[-_]/);
  return words.reduce<readonly string[]>(
    (spellings, word) => ['_', '-'].flatMap((dash) => spellings.map((start) => start + dash + word)),
    [first],
  );
}

/** In front of all words of sidecars. */
export const ourPrefix = 'x-meshwright-';

/**
 * Envoy itself sees to the caller's header in its own spelling. Of words that begin as ours no one is for a server's sidecar: whatever it finds there
 * is what it wrote itself.
 */
export const withoutLookalikes: EnvoyMessage = earlyHeaderMutation([
  ...spellingsOf(callerHeader)
    .filter((name) => name !== callerHeader)
    .map((remove) => ({ remove })),
  ...spellingsOf(ourPrefix).map((prefix) => ({ remove_on_match: { key_matcher: { prefix } } })),
]);
