// Login with a browser, as filters before tokens are read: page loads that need a token and have none go to the provider; what comes back with a
// session has its ID token in a header of ours, which is verified like any token. So the session decides who is sent away, and never who gets in.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/oauth2_filter
import type { AuthenticationIr, TokenRequirementIr } from '../../../../ir/inbound.ts';
import type { LoginIr } from '../../../../ir/login.ts';
import type { JwtProviderIr } from '../../../../ir/tokens.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { duration } from '../../../proto/well-known.ts';
import { setHeader } from '../../header.ts';
import { effectiveRule, rbacMetadata } from '../../rbac-metadata.ts';
import { extension, type NamedExtension, overAds } from '../../typed-config.ts';
import { allRules, anyRule, notRule } from '../rule-set.ts';
import { tokenElsewhere } from '../tokens/places.ts';
import { clientSecretName, loginCluster, sessionKeyName } from './reach.ts';
import { sessionScript } from './session-script.ts';

/** The ID token of a session, for the filter that verifies tokens; nobody else writes or reads it. */
export const idTokenHeader = 'x-meshwright-id-token';

/** What kind of page load without a token of its own a request is. */
const pageHeader = 'x-meshwright-login';
/** Who loads the first without a session is sent to the provider. */
const pageKinds = { needsToken: 'login', needsNone: 'page' } as const;

const prefix = 'login_';
/** What names of these filters begin with. */
export const loginFilterPrefix = 'login/';

/** In order. needs: what a requirement says of the requests that need a token. */
export function loginFilters(
  authentication: AuthenticationIr,
  needs: (requirement: TokenRequirementIr) => EnvoyMessage,
): readonly NamedExtension[] {
  const { login, providers, required } = authentication;
  if (login === null) return [];
  const believed = sessionProviders(providers, login).map(({ id }) => id);
  const here = required.filter((one) => one.providers.some((id) => believed.includes(id)));
  const needed = here.length === 0 ? notRule({ any: true }) : anyRule(here.map(needs));
  return [
    findsOut(needed, providers),
    says,
    extension(`${loginFilterPrefix}session`, 'envoy.extensions.filters.http.oauth2.v3.OAuth2', {
      config: oauth2(login),
    }),
    extension(`${loginFilterPrefix}cookies`, 'envoy.extensions.filters.http.lua.v3.Lua', {
      clear_route_cache: false,
      default_source_code: {
        inline_string: sessionScript(login, {
          headers: { page: pageHeader, idToken: idTokenHeader },
          pages: Object.values(pageKinds),
          verified: believed,
        }),
      },
    }),
  ];
}

/** The provider of the login, and those of other policies that name the same issuer: a session counts for all of them. */
export function sessionProviders(
  providers: readonly JwtProviderIr[],
  { provider }: Pick<LoginIr, 'provider'>,
): readonly JwtProviderIr[] {
  const issuer = providers.find(({ id }) => id === provider)?.issuer;
  return providers.filter((one) => one.issuer === issuer);
}

/** Refuses nobody: it writes what it finds into the metadata of the request. Of several that match, it is the first by name. */
function findsOut(needed: EnvoyMessage, providers: readonly JwtProviderIr[]): NamedExtension {
  const page = [...pageLoad, ...tokenElsewhere(providers).map(notRule)];
  const only = (...rules: readonly EnvoyMessage[]): EnvoyMessage => ({
    permissions: [allRules([...rules, ...page])],
    principals: [{ any: true }],
  });
  return extension(`${loginFilterPrefix}wanted`, 'envoy.extensions.filters.http.rbac.v3.RBAC', {
    shadow_rules: {
      action: 'DENY',
      policies: { [pageKinds.needsToken]: only(needed), [pageKinds.needsNone]: only() },
    },
    shadow_rules_stat_prefix: prefix,
  });
}

/**
 * What a browser loads as a page. Scripts cannot follow a redirect to another site, and what a request has in its body would be lost. Old browsers do not
 * send sec-fetch-mode.
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-mode-header
 */
const pageLoad: readonly EnvoyMessage[] = [
  header(':method', { safe_regex: { regex: 'GET|HEAD' } }),
  header('accept', { contains: 'text/html' }),
  notRule(
    allRules([
      { header: { name: 'sec-fetch-mode', present_match: true } },
      notRule(header('sec-fetch-mode', { exact: 'navigate' })),
    ]),
  ),
];

function header(name: string, string_match: EnvoyMessage): EnvoyMessage {
  return { header: { name, string_match } };
}

/** Filters of logins compare headers, and no metadata. */
const says = extension(
  `${loginFilterPrefix}says`,
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  {
    mutations: {
      request_mutations: [{ append: setHeader(pageHeader, rbacMetadata(prefix + effectiveRule.shadow)) }],
    },
  },
);

function oauth2(login: LoginIr): EnvoyMessage {
  const { id, redirectUri, tokenEndpoint, endSessionEndpoint, cookies } = login;
  const redirect = new URL(redirectUri);
  return {
    authorization_endpoint: login.authorizationEndpoint,
    token_endpoint: {
      uri: tokenEndpoint.uri,
      cluster: loginCluster(tokenEndpoint),
      timeout: duration(tokenTimeoutMs),
    },
    ...(endSessionEndpoint !== null && {
      end_session_endpoint: endSessionEndpoint,
      post_logout_redirect_uri: { uri: `${redirect.origin}/` },
    }),
    credentials: {
      client_id: login.clientId,
      token_secret: { name: clientSecretName(id), sds_config: overAds },
      hmac_secret: { name: sessionKeyName(id), sds_config: overAds },
      cookie_names: cookieNames(cookies.prefix),
      ...(cookies.domain !== null && { cookie_domain: cookies.domain }),
    },
    auth_type: login.clientAuthentication === 'Basic' ? 'BASIC_AUTH' : 'URL_ENCODED_BODY',
    auth_scopes: login.scopes,
    redirect_uri: redirectUri,
    // Whatever host a request names: users come back to where they are known.
    original_request_uri: redirect.origin,
    allowed_redirect_domains: [redirect.hostname],
    redirect_path_matcher: { path: { exact: redirect.pathname } },
    signout_path: { path: { exact: login.logoutPath } },
    forward_id_token: { header: idTokenHeader },
    preserve_authorization_header: true,
    // The application gets no token of the provider, so none is kept.
    disable_access_token_set_cookie: true,
    use_refresh_token: login.refresh,
    default_expires_in: duration(defaultLifetimeMs),
    cookie_configs: cookieConfigs(cookies.sameSite),
    token_cookie_chunking: {},
    // Everything else goes on without a session, and is refused where it needs a token.
    allow_failed_matcher: [
      {
        name: pageHeader,
        string_match: { exact: pageKinds.needsToken },
        invert_match: true,
        treat_missing_header_as_empty: true,
      },
    ],
    stat_prefix: 'login.',
  };
}

const tokenTimeoutMs = 10_000;
/** Of providers that do not say how long their tokens live. */
const defaultLifetimeMs = 3_600_000;

const cookies = [
  ['bearer_token', 'access'],
  ['oauth_hmac', 'hmac'],
  ['oauth_expires', 'expires'],
  ['id_token', 'id'],
  ['refresh_token', 'refresh'],
  ['oauth_nonce', 'nonce'],
  ['code_verifier', 'verifier'],
] as const;

function cookieNames(start: string): EnvoyMessage {
  return Object.fromEntries(cookies.map(([field, name]) => [field, start + name]));
}

/** Those of a login under way have to come along when the provider, another site, sends the browser back. */
function cookieConfigs(sameSite: LoginIr['cookies']['sameSite']): EnvoyMessage {
  const ofLogin = sameSite === 'Strict' ? 'Lax' : sameSite;
  return Object.fromEntries(
    cookies.map(([field]) => {
      const isUnderWay = field === 'oauth_nonce' || field === 'code_verifier';
      return [`${field}_cookie_config`, { same_site: (isUnderWay ? ofLogin : sameSite).toUpperCase() }];
    }),
  );
}
