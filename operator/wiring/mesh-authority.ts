// The authority that a Mesh asks for, as it is stored.
import type { Authority } from '../certificates/authority.ts';
import { rootSecretName } from '../certificates/names.ts';
import type { Requester } from '../certificates/requested/requester.ts';
import { openStoredAuthority } from '../certificates/stored-authority.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { Clock } from '../process/clock.ts';

interface Opening {
  readonly ir: MeshIr | null;
  /** Of certificates of issuers outside; null: there is none. */
  readonly requester: Requester | null;
  readonly isLeading: boolean;
  readonly clock: Clock;
}

/** Rejects while there is no Mesh. namespace: of the operator. */
export function openMeshAuthority(
  secrets: SecretPort,
  namespace: string,
  { ir, requester, isLeading, clock }: Opening,
): Promise<Authority> {
  if (ir === null) return Promise.reject(new Error('no Mesh is accepted yet'));
  const { trustDomain, certificates } = ir.settings;
  return openStoredAuthority({
    secrets,
    namespace,
    authority: certificates.authority,
    secretName: rootSecretName,
    trustDomain,
    asking: requester === null ? undefined : { requester, isLeading, ttlMs: certificates.ttlMs },
    now: () => clock.now(),
  });
}
