// What stands in for a SecurityPolicy that cannot be understood and whose last valid version is lost: it closes what
// can be told of its targets. Pure.
import { z } from 'zod';

type RawDocument = Readonly<Record<string, unknown>>;

interface ClosedPolicy {
  /** As its author could have written it. */
  readonly raw: RawDocument;
  /** A full sentence. */
  readonly effect: string;
}

const Intent = z.object({
  spec: z.object({
    targetRefs: z.array(z.unknown()).min(1),
    mtls: z.unknown().optional(),
    authorization: z.unknown().optional(),
  }),
});

/**
 * Refuses every call if the policy has or may have rules, and plaintext if it has a mode that lets none in or cannot
 * be read. isValid: what admission says of a document. undefined if no target can be read.
 */
export function closedPolicy(
  raw: RawDocument | undefined,
  isValid: (document: RawDocument) => boolean,
): ClosedPolicy | undefined {
  const { data } = Intent.safeParse(raw);
  if (raw === undefined || data === undefined) return undefined;
  const { targetRefs, mtls, authorization } = data.spec;
  const isOnlyMtls = mtls !== undefined && authorization === undefined;
  const parts = {
    ...(mtls !== undefined && { mtls: { mode: modeOf(mtls) } }),
    ...(!isOnlyMtls && { authorization: { rules: [{ name: 'closed', action: 'Deny' }] } }),
  };
  const { apiVersion, kind, metadata } = raw;
  const closing = (targets: readonly unknown[]): RawDocument => ({
    apiVersion,
    kind,
    metadata,
    spec: { targetRefs: targets, ...parts },
  });
  const targets = targetRefs.filter((target) => isValid(closing([target])));
  const closed = closing(targets);
  if (targets.length === 0 || !isValid(closed)) return undefined;
  const effect = isOnlyMtls
    ? 'Its last valid version is not known, so its targets have the mode that can be read, or else Strict, until it is corrected.'
    : 'Its last valid version is not known, so every call to its targets is refused until it is corrected.';
  return { raw: closed, effect };
}

/** What lets plaintext in must have been meant. */
function modeOf(mtls: unknown): string {
  const { data } = z.object({ mode: z.enum(['Permissive', 'Disabled']) }).safeParse(mtls);
  return data?.mode ?? 'Strict';
}
