// What stands in for a SecurityPolicy that cannot be understood and whose last valid version is lost: it closes what
// can be told of its targets. Pure.
import { z } from 'zod';
import { MtlsMode } from '../../api/v1alpha1/mtls.ts';

type RawDocument = Readonly<Record<string, unknown>>;

interface ClosedPolicy {
  /** As its author could have written it. */
  readonly raw: RawDocument;
  /** A full sentence. */
  readonly effect: string;
}

const Intent = z.object({
  // Also of versions to come: what is not known here may be what guards the targets.
  spec: z.looseObject({
    targetRefs: z.array(z.unknown()).default([]),
    selector: z.unknown().optional(),
    mtls: z.unknown().optional(),
    authorization: z.unknown().optional(),
  }),
});

/**
 * Refuses every call if the policy has or may have rules, or says anything else, and plaintext if it has a mode that lets none in or cannot
 * be read. isValid: what admission says of a document. undefined if no target can be read.
 */
export function closedPolicy(
  raw: RawDocument | undefined,
  isValid: (document: RawDocument) => boolean,
): ClosedPolicy | undefined {
  const { data } = Intent.safeParse(raw);
  if (raw === undefined || data === undefined) return undefined;
  const { targetRefs, selector } = data.spec;
  const { apiVersion, kind, metadata } = raw;
  const withSpec = (spec: object): RawDocument => ({ apiVersion, kind, metadata, spec });
  const anything = { targetRefs: [{ kind: 'Service', name: 'any' }] };
  const { parts, effect } = closure(data.spec, (part) => isValid(withSpec({ ...anything, ...part })));
  const closing = (targets: object): RawDocument => withSpec({ ...targets, ...parts });
  const targets = targetRefs.filter((target) => isValid(closing({ targetRefs: [target] })));
  const isSelecting = selector !== undefined && isValid(closing({ selector }));
  const closed = closing({ targetRefs: targets, ...(isSelecting && { selector }) });
  return isValid(closed) ? { raw: closed, effect } : undefined;
}

interface Closure {
  /** Of the spec, beside its targets. */
  readonly parts: object;
  readonly effect: string;
}

function closure(spec: z.infer<typeof Intent>['spec'], isValid: (parts: object) => boolean): Closure {
  const { mtls, authorization } = spec;
  const mode = mtls !== undefined && { mtls: closedMtls(mtls, (part) => isValid({ mtls: part })) };
  // What asks for tokens, such as authentication, is never on trial.
  const guardsMore = Object.keys(spec).some((field) => !plainFields.has(field));
  if (mtls !== undefined && authorization === undefined && !guardsMore) {
    const effect =
      'Its last valid version is not known, so its targets have the mode that can be read, or else Strict, until it is corrected.';
    return { parts: { ...mode }, effect };
  }
  const closed = { rules: [{ name: 'closed', action: 'Deny' }] };
  if (!guardsMore && Trial.safeParse(authorization).success) {
    const effect =
      'Its last valid version is not known. Its enforcement is Audit, so its rules refuse nobody until it is corrected.';
    return { parts: { ...mode, authorization: { ...closed, enforcement: 'Audit' } }, effect };
  }
  const effect =
    'Its last valid version is not known, so every call to its targets is refused until it is corrected.';
  return { parts: { ...mode, authorization: closed }, effect };
}

/** Of a policy about plaintext and callers, as it can be told what it meant. */
const plainFields: ReadonlySet<string> = new Set(['targetRefs', 'selector', 'mtls', 'authorization']);

/** Whoever wrote it meant to refuse nobody; but an authorizer is never on trial. */
const Trial = z.object({ enforcement: z.literal('Audit'), external: z.never().optional() });

/** A word that is not known may have been the one that closes. */
const Readable = z.strictObject({
  mode: MtlsMode.optional(),
  ports: z.array(z.strictObject({ port: z.int(), mode: MtlsMode })).default([]),
  transition: z.unknown().optional(),
});

/** What lets plaintext in must have been meant. isValid: as part of the policy. */
function closedMtls(mtls: unknown, isValid: (part: object) => boolean): object {
  const { data } = Readable.safeParse(mtls);
  const read = { ...data, transition: { type: 'Immediate' } };
  // A word about one port that cannot be read may be about any.
  return data !== undefined && isValid(read) ? read : { mode: 'Strict', transition: { type: 'Immediate' } };
}
