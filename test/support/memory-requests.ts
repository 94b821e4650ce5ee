// CertificateRequests in memory, and an issuer that answers them as it is told to. Entry: MemoryRequests.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { pemText, serialNumber } from '../../operator/certificates/root.ts';
import type {
  CertificateRequest,
  CertificateRequestPort,
  RequestAnswer,
} from '../../operator/ports/certificate-request-port.ts';
import type { Ca } from './brought-authority.ts';

const subjectAltName = '2.5.29.17';

export interface Odd {
  readonly from?: number;
  readonly until?: number;
  readonly uri?: string;
  readonly usages?: readonly string[];
  readonly publicKey?: x509.PublicKey;
  readonly isCa?: boolean;
}

/** What an issuer signs, chain: from the one that signs up to the root. */
export async function sign(
  { csr, ttlMs }: CertificateRequest,
  chain: readonly Ca[],
  now: number,
  odd: Odd = {},
): Promise<Pick<RequestAnswer, 'certificate' | 'ca'>> {
  const [by] = chain;
  const root = chain.at(-1);
  if (by === undefined || root === undefined) throw new Error('nobody signs');
  const request = new x509.Pkcs10CertificateRequest(csr);
  const asked = request.getExtension(subjectAltName);
  const names =
    odd.uri === undefined
      ? asked
      : new x509.SubjectAlternativeNameExtension([{ type: 'url', value: odd.uri }], true);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: by.certificate.subject,
    notBefore: new Date(odd.from ?? now),
    notAfter: new Date(odd.until ?? now + ttlMs),
    signingAlgorithm: { ...by.algorithm },
    signingKey: by.keys.privateKey,
    publicKey: odd.publicKey ?? request.publicKey,
    extensions: [
      ...(names === null ? [] : [names]),
      new x509.BasicConstraintsExtension(odd.isCa ?? false, undefined, true),
      ...(odd.usages === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...odd.usages])]),
      await x509.AuthorityKeyIdentifierExtension.create(by.keys.publicKey),
    ],
  });
  const links = chain.slice(0, -1).map((it) => pemText(it.certificate));
  return { certificate: [pemText(certificate), ...links].join(''), ca: pemText(root.certificate) };
}

export const issuedCondition = { type: 'Ready', status: 'True', reason: 'Issued', message: 'issued' };

export class MemoryRequests implements CertificateRequestPort {
  readonly namespace = 'meshwright-system';
  readonly held = new Map<string, CertificateRequest>();
  readonly made: string[] = [];
  /** undefined: it does not answer. */
  answer: (request: CertificateRequest) => Promise<RequestAnswer | undefined>;

  constructor(answer: MemoryRequests['answer'] = () => Promise.resolve(undefined)) {
    this.answer = answer;
  }

  /** An issuer with this chain, from the one that signs up to the root. */
  issueFrom(chain: readonly Ca[], now: () => number, odd: Odd = {}): void {
    this.answer = async (request) => ({
      ...(await sign(request, chain, now(), odd)),
      conditions: [issuedCondition],
    });
  }

  refuse(type: string, message: string): void {
    const conditions = [{ type, status: 'True', reason: 'Policy', message }];
    this.answer = () => Promise.resolve({ conditions, certificate: '', ca: '' });
  }

  create(name: string, request: CertificateRequest): Promise<void> {
    this.held.set(name, request);
    this.made.push(request.spiffeId);
    return Promise.resolve();
  }

  async read(name: string): Promise<RequestAnswer | undefined> {
    const request = this.held.get(name);
    return request && ((await this.answer(request)) ?? { conditions: [], certificate: '', ca: '' });
  }

  remove(name: string): Promise<void> {
    this.held.delete(name);
    return Promise.resolve();
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.held.keys()]);
  }
}
