// What guards the called port in `make bench S=sidecar ARGS=--rules`: a token that is verified, and rules that are all looked at.
import type { InboundPortIr } from '../../../operator/ir/inbound.ts';
import { guardOf } from '../../support/data-plane/token-mesh.ts';
import { issueKey, issuerName, keySet } from '../../support/data-plane/issuer.ts';

const denyRules = 5;
/** As many as one SecurityPolicy may have. */
const rulesOfPolicy = 32;

export interface Guard {
  readonly inbound: Pick<InboundPortIr, 'authentication' | 'authorization'>;
  /** Of each request. */
  readonly token: string;
}

/** @param rules how many: five deny, the others allow, and only the last of these matches */
export async function makeGuard(rules: number): Promise<Guard> {
  const key = await issueKey('bench', 'RS256');
  const denied = Array.from({ length: denyRules }, (_, index) => ({
    name: `deny-${index}`,
    action: 'Deny',
    from: [{ serviceAccounts: [`shop/stranger-${index}`] }],
    to: [{ paths: [{ value: `/admin-${index}` }], methods: ['POST'] }],
  }));
  const allowed = Array.from({ length: rules - denyRules - 1 }, (_, index) => ({
    name: `allow-${index}`,
    action: 'Allow',
    from: [
      { namespaces: ['shop'], jwt: { claims: [{ path: ['realm', 'roles'], values: [`role-${index}`] }] } },
    ],
    to: [{ paths: [{ value: '/products' }], methods: ['GET'] }],
  }));
  const last = {
    name: 'last',
    action: 'Allow',
    from: [
      {
        serviceAccounts: ['shop/caller'],
        jwt: { claims: [{ path: ['realm', 'roles'], values: ['reader'] }] },
      },
    ],
    to: [{ paths: [{ value: '/products' }], methods: ['GET'] }],
  };
  const all = [...denied, ...allowed, last];
  const count = Math.ceil(all.length / rulesOfPolicy);
  // Rules about tokens mean those of their own policy: the last one's is the one that matches.
  const policies = Array.from({ length: count }, (_, index) => ({
    ...(index === count - 1 && {
      authentication: { jwt: [{ name: 'bench', issuer: issuerName, jwks: { inline: keySet(key) } }] },
    }),
    authorization: { rules: all.slice(index * rulesOfPolicy, (index + 1) * rulesOfPolicy) },
  }));
  return { inbound: guardOf(policies), token: await key.sign({ realm: { roles: ['reader', 'writer'] } }) };
}
