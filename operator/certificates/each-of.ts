// Work on the Secrets of many identities, a few at a time: a failure of one does not end the others. Entry: eachOf.
import type { IdentityIr } from '../ir/mesh-ir.ts';
import { textOf } from './error-text.ts';
import { certificateSecretName } from './names.ts';
import { IssuerTrouble, type Waiting } from './requested/trouble.ts';

/** Secrets read and written at a time. */
const parallel = 8;

interface Round {
  /** Sentences for the user. */
  readonly problems: string[];
  readonly waiting: Waiting[];
  readonly isStopped: () => boolean;
}

/** A failure is a sentence, or something to wait for. Resolves to how many did not fail. */
export async function eachOf<T extends IdentityIr>(
  items: readonly T[],
  { problems, waiting, isStopped }: Round,
  work: (item: T) => Promise<void>,
): Promise<number> {
  const left = items.values();
  let done = 0;
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (isStopped()) return;
      try {
        // Each worker takes one at a time: that is the bound.
        // oxlint-disable-next-line no-await-in-loop
        await work(item);
        done += 1;
      } catch (error) {
        if (error instanceof IssuerTrouble)
          waiting.push({ what: `Secret ${secretOf(item)}`, trouble: error });
        else problems.push(`The certificate in Secret ${secretOf(item)} cannot be issued: ${textOf(error)}.`);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return done;
}

export function secretOf(identity: IdentityIr): string {
  return `${identity.namespace}/${certificateSecretName(identity.serviceAccount)}`;
}
