// Headers of a caller that an application could take for those that sidecars write. CGI, WSGI, Rack and their like make one variable
// of `a-b` and `a_b`. Only these are removed: other names with underscores are the application's own.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { earlyHeaderMutation } from '../header.ts';
import { destinationHeader } from '../names.ts';

/** The caller's identity, which Envoy writes from the certificate. */
const callerHeader = 'x-forwarded-client-cert';

/** The name itself last. */
function spellingsOf(name: string): readonly string[] {
  const [first = '', ...words] = name.split('-');
  return words.reduce<readonly string[]>(
    (spellings, word) => ['_', '-'].flatMap((dash) => spellings.map((start) => start + dash + word)),
    [first],
  );
}

/** Envoy itself sees to the caller's header in its own spelling; the destination is a word of the client's sidecar alone. */
export const withoutLookalikes: EnvoyMessage = earlyHeaderMutation(
  [
    ...spellingsOf(callerHeader).filter((name) => name !== callerHeader),
    ...spellingsOf(destinationHeader),
  ].map((remove) => ({ remove })),
);
