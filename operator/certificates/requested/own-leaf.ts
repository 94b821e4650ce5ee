// The operator's own certificate, where an issuer outside signs it: in a Secret, so that operators start without that issuer, and have the
// same one. The leader has it renewed.
import { X509Certificate } from 'node:crypto';
import type { SecretData, SecretPort } from '../../ports/platform.ts';
import { managedLabels } from '../../values/own-names.ts';
import type { KeyPair, LeafRequest, Signer } from '../authority.ts';
import { ownSecretName } from '../names.ts';
import { checkLeaf, issuedFile } from '../renewal.ts';
import type { Root } from '../root.ts';
import { issuerName } from './issuer-name.ts';
import { IssuerTrouble } from './trouble.ts';
import type { AskSettings } from './wanted-issuer.ts';

interface OwnSettings extends AskSettings {
  readonly secrets: SecretPort;
}

/**
 * root: what is to sign. others: PEM of roots that are believed as well: better a certificate of these than none, if the issuer signs under
 * no other any more.
 */
export async function issueOwn(
  root: Root,
  request: LeafRequest,
  { others, settings }: { readonly others: readonly string[]; readonly settings: OwnSettings },
): Promise<KeyPair> {
  const { secrets, namespace, asking, now } = settings;
  const stored = await secrets.read(namespace, ownSecretName);
  const roots = [root.certificate, ...others];
  const usable = roots.slice(0, asking?.isLeading === true ? 1 : roots.length);
  if (stored !== undefined && usable.some((it) => isGood(stored, it, { root, request, now: now() })))
    return pairOf(stored);
  const { issuerRef } = root;
  const where = issuerRef === null ? '' : issuerName(issuerRef, namespace);
  if (asking === undefined || issuerRef === null)
    throw new IssuerTrouble('Refused', where, `${where} cannot be asked here.`);
  if (!asking.isLeading)
    throw new IssuerTrouble('Slow', where, `The operator that leads has not stored one of ${where} yet.`);
  const issued = await asking.requester.issue(issuerRef, request, roots);
  await secrets.write(namespace, ownSecretName, filesOf(issued), managedLabels);
  return issued;
}

export function filesOf({ certificate, privateKey, issuedMs }: KeyPair): SecretData {
  const issued = issuedMs === undefined ? {} : { [issuedFile]: String(issuedMs) };
  return { 'tls.crt': certificate, 'tls.key': privateKey, ...issued };
}

function pairOf(files: SecretData): KeyPair {
  const { validFromDate, validToDate } = new X509Certificate(files['tls.crt'] ?? '');
  const [certificate = '', privateKey = ''] = [files['tls.crt'], files['tls.key']];
  return { certificate, privateKey, notBefore: validFromDate, notAfter: validToDate };
}

function isGood(
  files: SecretData,
  issuer: string,
  { root, request, now }: { readonly root: Root; readonly request: LeafRequest; readonly now: number },
): boolean {
  const signer: Signer = { issuer, chain: null, notAfter: root.notAfter, leavesFromMs: 0 };
  const { spiffeId, ttlMs } = request;
  const want = { spiffeId, ttlMs, issuedAfterMs: null, trustBundle: '', signer };
  return checkLeaf({ ...files, 'ca.crt': '' }, want, now).good;
}
