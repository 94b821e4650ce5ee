// The port to an issuer outside of Meshwright, which signs what it is asked to: cert-manager's CertificateRequests, in the namespace of the
// operator.
import type { IssuerRefIr } from '../ir/mesh-ir.ts';

export interface CertificateRequestPort {
  /** Of the operator: requests, and issuers of the kind Issuer, lie there. */
  readonly namespace: string;
  /** Creates one of ours. Rejects if it cannot; that there is one of this name already is no error. */
  create(name: string, request: CertificateRequest): Promise<void>;
  /** undefined if it is gone. */
  read(name: string): Promise<RequestAnswer | undefined>;
  /** One that is gone is no error. */
  remove(name: string): Promise<void>;
  /** Names of all of ours. */
  list(): Promise<readonly string[]>;
}

export interface CertificateRequest {
  readonly issuer: IssuerRefIr;
  /** PEM of a certificate signing request. */
  readonly csr: string;
  readonly spiffeId: string;
  /** The lifetime that is asked for. */
  readonly ttlMs: number;
}

/** What its status says. @see https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateRequestStatus */
export interface RequestAnswer {
  readonly conditions: readonly RequestCondition[];
  /** PEM, leaf first; '' until it is issued. */
  readonly certificate: string;
  /** PEM of the certificate authority; '' if the issuer does not say. */
  readonly ca: string;
}

export interface RequestCondition {
  /** Approved, Denied, InvalidRequest, Ready. */
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}
