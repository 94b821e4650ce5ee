// The authority of an issuer outside, as far as it is known: from its certificates, from what is in force, or by asking it. Entry: wantedIssuer.
import type { AuthorityIr, IssuerRefIr } from '../../ir/mesh-ir.ts';
import type { SecretData } from '../../ports/platform.ts';
import type { KeyPair } from '../authority.ts';
import type { WantedAuthority } from '../authority-change.ts';
import { textOf } from '../error-text.ts';
import { operatorSpiffeId } from '../identity.ts';
import { parsed } from '../root.ts';
import { issuerName } from './issuer-name.ts';
import type { Requester } from './requester.ts';
import { faultOfBundle, issuerFile, issuerPair, parseIssuer } from './stored-issuer.ts';
import { IssuerTrouble } from './trouble.ts';
import { isSameValue } from '../../values/same-value.ts';

/** How issuers outside are asked. */
export interface Asking {
  readonly requester: Requester;
  /** Of several operators one asks. */
  readonly isLeading: boolean;
  /** Of the certificates of workloads. */
  readonly ttlMs: number;
}

export interface AskSettings {
  /** Absent where the platform has no issuers outside. */
  readonly asking?: Asking | undefined;
  /** Of the operator. */
  readonly namespace: string;
  readonly trustDomain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type CertManagerIr = Extract<AuthorityIr, { readonly type: 'CertManager' }>;

/** present: what is in force; undefined: nothing yet. Never rejects. */
export async function wantedIssuer(
  { issuer, caBundle }: CertManagerIr,
  settings: AskSettings,
  present: SecretData | undefined,
): Promise<WantedAuthority> {
  const { asking, namespace } = settings;
  const where = issuerName(issuer, namespace);
  if (asking === undefined) {
    const why =
      'spec.certificates.authority.type CertManager needs a Kubernetes cluster with cert-manager. Without a cluster, use BuiltIn or Intermediate.';
    return { type: 'Unusable', where, why };
  }
  const fault = caBundle === null ? null : faultOfBundle(caBundle);
  if (fault !== null)
    return { type: 'Unusable', where, why: `spec.certificates.authority.caBundle ${fault}.` };
  try {
    const { root, links } =
      known(issuer, asking.requester, present) ?? (await found(issuer, caBundle, settings));
    const pair = issuerPair(issuer, { root: caBundle ?? root, links });
    const parsedPair = parseIssuer(pair, where);
    return {
      type: 'Plugged',
      where,
      root: parsedPair,
      pair: { ...pair, 'root.crt': parsedPair.certificate },
    };
  } catch (error) {
    const why =
      error instanceof IssuerTrouble ? error.message : `${where} cannot be asked: ${textOf(error)}.`;
    return { type: 'Unusable', where, why };
  }
}

interface Known {
  readonly root: string;
  readonly links: string;
}

function known(
  issuer: IssuerRefIr,
  requester: Requester,
  present: SecretData | undefined,
): Known | undefined {
  const seen = requester.seen.of(issuer);
  if (seen !== undefined) return seen;
  const stored = parsed(() => JSON.parse(present?.[issuerFile] ?? '') as unknown);
  if (!isSameValue(stored, issuer)) return undefined;
  return { root: present?.['root.crt'] ?? '', links: present?.['tls.crt'] ?? '' };
}

async function found(issuer: IssuerRefIr, caBundle: string | null, settings: AskSettings): Promise<Known> {
  await ask(issuer, settings, caBundle === null ? [] : [caBundle]);
  const seen = settings.asking?.requester.seen.of(issuer);
  if (seen === undefined) throw new Error('it has shown no root certificate');
  return seen;
}

/** For a certificate of the operator's own. roots: PEM of those that it may lead to; empty: any. Rejects with IssuerTrouble. */
export async function ask(
  issuer: IssuerRefIr,
  { asking, trustDomain, namespace }: AskSettings,
  roots: readonly string[],
): Promise<KeyPair> {
  const where = issuerName(issuer, namespace);
  if (asking === undefined) throw new IssuerTrouble('Refused', where, `${where} cannot be asked here.`);
  if (!asking.isLeading)
    throw new IssuerTrouble('Slow', where, `The operator that leads has no certificate of ${where} yet.`);
  const spiffeId = operatorSpiffeId(trustDomain, namespace);
  return asking.requester.issue(issuer, { spiffeId, ttlMs: asking.ttlMs }, roots);
}
