// Access as people read it.
import type { Access, AccessAtServers, RefusedBy, TokenSeen, Trial } from './access.ts';
import { ruleSource } from './access-sources.ts';
import type { Source } from '../sources.ts';

export interface AccessLine {
  readonly title: string;
  readonly text: string;
  readonly sources: readonly Source[];
}

export function accessLines({ access, endpoints, sources }: AccessAtServers): readonly AccessLine[] {
  const where = endpoints === null ? '' : `, at ${endpoints.join(', ')}`;
  if (access === null) return [{ title: 'Access', text: `no sidecar decides${where}`, sources }];
  return [
    { title: 'Access', text: `${accessText(access)}${where}`, sources },
    ...(access.token === null ? [] : [tokenLine(access.token)]),
    ...access.onTrial.map(trialLine),
  ];
}

function accessText({ verdict, identity }: Access): string {
  const as = identity === null ? 'in plaintext, without an identity' : `as ${identity}`;
  switch (verdict.type) {
    case 'Allowed':
      return verdict.rule === null ? `allowed ${as}` : `allowed ${as}, by rule ${verdict.rule}`;
    case 'Undecided':
      return `not decided here, ${as}: ${verdict.reason}`;
    case 'Refused': {
      const how = verdict.status === null ? 'connection refused' : `refused with ${verdict.status}`;
      return `${how} ${as}: ${reasonText(verdict.by, verdict.rule)}`;
    }
  }
}

const reasons: Readonly<Record<RefusedBy, string>> = {
  Mtls: 'mutual TLS is required',
  Identity: 'certain callers are admitted only',
  Token: 'the token is not accepted',
  Deny: 'a Deny rule matches',
  Allow: 'no Allow rule matches',
  Authorizer: 'the path climbs (..), and no external authorizer is asked about such a path',
};

function reasonText(by: RefusedBy, rule: string | null): string {
  if (by === 'Deny' && rule !== null) return `Deny rule ${rule} matches`;
  if (by !== 'Token' || rule === null) return reasons[by];
  return rule.includes('/') ? 'a token is required' : 'a token is sent twice in one place';
}

function tokenLine({ issuers, requiredBy, sent, problem, loginAt }: TokenSeen): AccessLine {
  const accepted = issuers.map(
    ({ issuer, audiences, places }) =>
      `${issuer}${audiences.length === 0 ? '' : ` for ${audiences.join(' or ')}`} in ${places.join(' or ')}`,
  );
  const none = requiredBy.length > 0 ? 'required, and none is sent' : 'none is sent, and none required';
  const found = { None: none, Valid: 'valid', Invalid: `invalid: ${problem}` }[sent];
  const end = found.endsWith('.') ? '' : '.';
  const sources = requiredBy.map((id) => ({ object: `SecurityPolicy ${id}`, field: 'spec.authentication' }));
  const login =
    loginAt === null || requiredBy.length === 0 || sent !== 'None'
      ? ''
      : ` Browsers that load it as a page are sent to ${loginAt} to log in.`;
  return { title: 'Token', text: `${found}${end}${login} Accepted: ${accepted.join('; ')}`, sources };
}

function trialLine({ by, rule, isCertain }: Trial): AccessLine {
  const doubt = isCertain ? '' : ' perhaps';
  const text =
    by === 'Deny' && rule !== null
      ? `would${doubt} be refused: Deny rule ${rule} matches`
      : `would${doubt} be refused: no Allow rule matches`;
  return { title: 'On trial', text, sources: rule === null ? [] : [ruleSource(rule)] };
}
