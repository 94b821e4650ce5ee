// What an issuer publishes of itself: where its keys are, and where people log in. Pure.
// @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
import { z } from 'zod';
import { url } from '../../api/url.ts';
import { httpsUri } from '../../api/v1alpha1/security/jwks.ts';
import type { LoginEndpointsIr } from '../ir/login-endpoints.ts';
import { jsonOf } from '../values/json.ts';

export interface Discovery {
  readonly jwksUri: string;
  /** null: it does not name both. */
  readonly endpoints: LoginEndpointsIr | null;
}

export type ReadDiscovery =
  | { readonly discovery: Discovery; readonly problem: null }
  /** A full sentence that quotes nothing: whoever writes policies reads it. */
  | { readonly discovery: null; readonly problem: string };

/** issuer: an https URI without query. */
export function discoveryUri(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

const Uri = url(httpsUri);

export const LoginEndpoints = z.object({ authorizationEndpoint: Uri, tokenEndpoint: Uri });

const Document = z.object({
  issuer: z.string(),
  jwks_uri: z.unknown().optional(),
  authorization_endpoint: z.unknown().optional(),
  token_endpoint: z.unknown().optional(),
});

/** Never throws. */
export function readDiscovery(text: string, issuer: string): ReadDiscovery {
  const document = Document.safeParse(jsonOf(text)).data;
  if (document === undefined) return failed('It is not a JSON object with an issuer.');
  // Else whoever can publish something below an issuer's host could stand for it.
  if (document.issuer !== issuer)
    return failed('It names another issuer. Write issuer as it is there, to the letter.');
  const jwksUri = Uri.safeParse(document.jwks_uri).data;
  if (jwksUri === undefined) return failed('It has no jwks_uri that is an https URI. Set jwks.uri.');
  const endpoints = LoginEndpoints.safeParse({
    authorizationEndpoint: document.authorization_endpoint,
    tokenEndpoint: document.token_endpoint,
  });
  return { discovery: { jwksUri, endpoints: endpoints.data ?? null }, problem: null };
}

function failed(problem: string): ReadDiscovery {
  return { discovery: null, problem };
}
