// Headers by which applications learn claims: what callers write there themselves goes, on every route, whether there is a token or not.
import type { AuthenticationIr } from '../../../../ir/inbound.ts';
import type { NamedExtension } from '../../typed-config.ts';
import { withoutHeaders } from '../forged-headers.ts';

/** At most one filter. */
export function withoutForgedClaims(authentication: AuthenticationIr | null): readonly NamedExtension[] {
  const headers = authentication?.providers.flatMap(({ claimsToHeaders }) => claimsToHeaders) ?? [];
  return withoutHeaders(
    'without-forged-claims',
    headers.map(({ header }) => header),
  );
}
