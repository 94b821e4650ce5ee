// A request through the filters of the server's connection manager, in their order, up to the application.
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import {
  flagIn,
  isMessage,
  knowingOnly,
  messageIn,
  messagesIn,
  numberIn,
  textIn,
  typeOf,
  UnreadableError,
} from '../fields.ts';
import { loginFilterPrefix } from '../../envoy/resources/inbound/login/filters.ts';
import { claimsOfPlaces } from '../../envoy/resources/inbound/tokens/claim-headers.ts';
import { matchesRequest } from '../matchers.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import type { Access, RefusedBy, TokenSeen, Trial, Verdict } from './access.ts';
import { afterEarlyMutations, afterHeaderMutation, afterPathScript, type Arriving } from './arriving.ts';
import { type Asking, judgedByRules, tokenRequirements } from './rules.ts';
import type { Judging } from './token.ts';
import { issuersIn, verifiedTokens, withGivenToken } from './tokens.ts';

/** manager: the HttpConnectionManager. */
export function httpAccess(
  config: ProxyConfig,
  manager: EnvoyMessage,
  came: Arriving,
  judging: Judging,
): Access {
  const request = afterEarlyMutations(came, manager);
  const { host, route } = placeOf(tableOf(config, manager), request);
  const way = new Way(request, judging);
  for (const filter of messagesIn(manager, 'http_filters')) {
    if (way.refused !== null) break;
    knowingOnly(filter, ['name', 'typed_config', 'config_discovery', 'disabled']);
    const name = textIn(filter, 'name') ?? '';
    const said = saidTo(name, host, route);
    if (said !== null) way.pass(name, said);
    else if (!flagIn(filter, 'disabled')) way.pass(name, messageIn(filter, 'typed_config') ?? {});
  }
  return { identity: came.caller, ...way.outcome(route) };
}

function tableOf(config: ProxyConfig, manager: EnvoyMessage): EnvoyMessage {
  const own = messageIn(manager, 'route_config');
  const name = textIn(messageIn(manager, 'rds') ?? {}, 'route_config_name') ?? '';
  const table = own ?? config.routes.get(name)?.message;
  if (table === undefined) throw new UnreadableError(`there is no route table ${name}`);
  return knowingOnly(table, ['name', 'virtual_hosts', 'request_headers_to_remove']);
}

const routeFields = [
  'name',
  'match',
  'route',
  'direct_response',
  'response_headers_to_add',
  'response_headers_to_remove',
  'typed_per_filter_config',
] as const;

/** The first route that matches. */
function placeOf(
  table: EnvoyMessage,
  { request }: Arriving,
): { readonly host: EnvoyMessage; readonly route: EnvoyMessage } {
  const [host = {}, ...more] = messagesIn(table, 'virtual_hosts');
  if (more.length > 0) throw new UnreadableError('explain knows one virtual host for what comes in');
  knowingOnly(host, ['name', 'domains', 'routes', 'typed_per_filter_config']);
  const route = messagesIn(host, 'routes').find((one) =>
    matchesRequest(messageIn(one, 'match') ?? {}, request),
  );
  if (route === undefined) throw new UnreadableError('no route is for what comes in');
  return { host, route: knowingOnly(route, routeFields) };
}

/** What a route or its virtual host says to a filter. Null: nothing. */
function saidTo(name: string, host: EnvoyMessage, route: EnvoyMessage): EnvoyMessage | null {
  const [ofRoute, ofHost] = [route, host].map((one) =>
    messageIn(messageIn(one, 'typed_per_filter_config') ?? {}, name),
  );
  if (isMessage(ofRoute) && isMessage(ofHost) && !flagIn(ofRoute, 'disabled'))
    throw new UnreadableError(`explain does not know which of two configurations of ${name} is in force`);
  return ofRoute ?? ofHost ?? null;
}

const limitsName = /^inbound\/[^/]+\/limits$/;

/** What filters do with a request, one after the other. */
class Way {
  refused: Extract<Verdict, { type: 'Refused' }> | null = null;
  #request: Arriving;
  readonly #judging: Judging;
  #rule: string | null = null;
  #token: TokenSeen | null = null;
  #loginAt: string | null = null;
  readonly #trials: Trial[] = [];
  readonly #doubts: string[] = [];
  readonly #asks: string[] = [];
  /** What was last said of an external authorizer. */
  #asking: Asking | null = null;
  /** By the type of the configuration. */
  readonly #steps: Readonly<Record<string, (config: EnvoyMessage) => void>> = {
    'header_mutation.v3.HeaderMutation': (config) => this.#passHeaders(config),
    'header_mutation.v3.HeaderMutationPerRoute': (config) => this.#passHeaders(config),
    'lua.v3.LuaPerRoute': (config) => {
      this.#request = afterPathScript(this.#request, config);
    },
    'filter_chain.v3.FilterChainConfigPerRoute': (config) =>
      this.#passChain(messageIn(config, 'filter_chain') ?? {}),
    'jwt_authn.v3.JwtAuthentication': (config) => this.#passTokens(config),
    'rbac.v3.RBAC': (config) => this.#passRules(config),
    'rbac.v3.RBACPerRoute': (config) =>
      this.#passRules(messageIn(knowingOnly(config, ['@type', 'rbac']), 'rbac') ?? {}),
    'ext_authz.v3.ExtAuthz': (config) => this.#passAuthorizer(config),
    // The size of a body, and what sends the request on.
    'buffer.v3.Buffer': () => undefined,
    'router.v3.Router': () => undefined,
  };

  constructor(request: Arriving, judging: Judging) {
    this.#request = request;
    this.#judging = judging;
  }

  /** @param config of the filter, or what a route says to it */
  pass(name: string, config: EnvoyMessage): void {
    // They refuse nobody by themselves: a call has no session here.
    if (name.startsWith(loginFilterPrefix)) {
      this.#loginAt = textIn(messageIn(config, 'config') ?? {}, 'authorization_endpoint') ?? this.#loginAt;
      return;
    }
    // Tokens that are verified have their headers here already.
    if (name === claimsOfPlaces) return;
    const type = typeOf(config);
    if (type === 'envoy.config.route.v3.FilterConfig') {
      if (flagIn(config, 'disabled') || limitsName.test(name)) return;
      throw new UnreadableError(`explain does not know the filter ${name}`);
    }
    const step = this.#steps[type.replace(/^envoy\.extensions\.filters\.http\./, '')];
    if (step === undefined) throw new UnreadableError(`explain does not know the filter ${type}`);
    step(config);
  }

  #passHeaders(config: EnvoyMessage): void {
    this.#request = afterHeaderMutation(this.#request, config);
  }

  #passChain(chain: EnvoyMessage): void {
    for (const filter of messagesIn(knowingOnly(chain, ['filters']), 'filters')) {
      if (this.refused !== null) return;
      this.pass(textIn(filter, 'name') ?? '', messageIn(filter, 'typed_config') ?? {});
    }
  }

  #passAuthorizer(config: EnvoyMessage): void {
    if (this.#asking === null) throw new UnreadableError('nothing says which external authorizer is asked');
    const { authorizer, isAsked } = this.#asking;
    if (messageIn(config, 'filter_enabled_metadata') !== null && isAsked === false) return;
    this.#asks.push(authorizer);
    this.#doubts.push(`External authorizer ${authorizer} is asked${isAsked === null ? ', perhaps' : ''}.`);
  }

  #passTokens(filter: EnvoyMessage): void {
    const sent = withGivenToken(filter, this.#request, this.#judging);
    const { request, status } = verifiedTokens(filter, sent, this.#judging);
    this.#request = request;
    const isRefused = status.type !== 'Valid' && status.type !== 'Missing';
    this.#token = {
      issuers: issuersIn(filter),
      requiredBy: [],
      sent: isRefused ? 'Invalid' : status.type === 'Valid' ? 'Valid' : 'None',
      problem: isRefused ? status.problem : '',
      loginAt: this.#loginAt,
    };
    if (!isRefused) return;
    const code = status.type === 'OtherAudience' ? 403 : 401;
    this.refused = { type: 'Refused', by: 'Token', status: code, rule: null };
  }

  #passRules(rbac: EnvoyMessage): void {
    const requiredBy = tokenRequirements(rbac, this.#request);
    if (this.#token !== null && requiredBy.length > 0) this.#token = { ...this.#token, requiredBy };
    const { decision, trials, asking } = judgedByRules(rbac, this.#request);
    this.#trials.push(...trials);
    this.#asking = asking ?? this.#asking;
    switch (decision?.type) {
      case 'Refused':
        this.refused = decision;
        break;
      case 'Passed':
        this.#rule ??= decision.rule;
        break;
      case 'Doubtful':
        this.#doubts.push(doubtAbout(decision.rules));
        break;
      case undefined:
    }
  }

  outcome(route: EnvoyMessage): Omit<Access, 'identity'> {
    const verdict = this.refused ?? refusedByRoute(route) ?? this.#admitted();
    const onTrial = verdict.type === 'Refused' ? [] : this.#trials;
    return { verdict, token: this.#token, onTrial };
  }

  #admitted(): Verdict {
    const reason = this.#doubts.join(' ');
    if (reason !== '') return { type: 'Undecided', asks: this.#asks, reason };
    return { type: 'Allowed', rule: this.#rule };
  }
}

function doubtAbout(rules: readonly string[]): string {
  const named = rules.length === 1 ? `Rule ${rules.join()} depends` : `Rules ${rules.join(', ')} depend`;
  return `${named} on a header that sidecars write, or on the address of the caller, which are not known here.`;
}

/** By the name of a route that answers by itself. */
const refusals: ReadonlyMap<string, RefusedBy> = new Map([
  ['mtls-required', 'Mtls'],
  ['identity-required', 'Identity'],
]);

/** Null: it leads to the application. */
function refusedByRoute(route: EnvoyMessage): Extract<Verdict, { type: 'Refused' }> | null {
  const response = messageIn(route, 'direct_response');
  if (response === null) return null;
  const by = refusals.get(textIn(route, 'name') ?? '');
  if (by === undefined) throw new UnreadableError('explain does not know why the sidecar answers by itself');
  return { type: 'Refused', by, status: numberIn(response, 'status'), rule: null };
}
