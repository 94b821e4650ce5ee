// The port to requests of kubelets for certificates of pods, whose keys they made themselves.
// @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#pod-certificate-requests

/** What the cluster is able to do. */
export interface ClusterSupport {
  /** The API server serves PodCertificateRequests and ClusterTrustBundles. */
  readonly isServed: boolean;
  /** null: nobody may tell. Empty where it is not served. */
  readonly nodes: readonly { readonly name: string; readonly kubeletVersion: string }[] | null;
}

/** What a request says. Anybody who may create requests can have written it: only the key proves itself. */
export interface PodCertificateRequest extends RequestId {
  readonly uid: string;
  readonly createdMs: number;
  readonly podName: string;
  readonly podUid: string;
  readonly serviceAccount: string;
  readonly node: string;
  /** From notBefore to notAfter. */
  readonly maxLifeMs: number;
  /** DER of an empty PKCS #10 request, in base64: it carries the public key. */
  readonly stub: string;
}

export interface RequestId {
  readonly namespace: string;
  readonly name: string;
}

export interface RequestSink {
  /** It is not answered yet. */
  waiting(request: PodCertificateRequest): void;
  /** It was answered, by whichever operator, or is gone. */
  settled(request: RequestId): void;
}

/** A pod as the API server has it. */
export interface PodFacts {
  readonly uid: string;
  readonly serviceAccount: string;
  /** '' while it has none. */
  readonly node: string;
  /** One of its volumes asks for a certificate of our signer. */
  readonly asksUs: boolean;
}

export interface PodCertificate {
  /** PEM: leaf, then intermediates. */
  readonly chain: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** When the kubelet is to ask for the next one. */
  readonly refreshAt: Date;
}

/** For ever: the pod never gets a certificate. */
export interface Denial {
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

export interface PodCertificatePort {
  /** Rejects if the API server cannot be asked. */
  support(): Promise<ClusterSupport>;
  /** Delivers all requests to our signer, and goes on for ever, wherever they are not served yet, too. Resolves when the signal aborts. */
  watch(sink: RequestSink, signal: AbortSignal): Promise<void>;
  /** undefined: there is none. */
  pod(namespace: string, name: string): Promise<PodFacts | undefined>;
  /** An answer is written once: settled if somebody was faster, or the request is gone. Rejects if the API server does not take it. */
  issue(
    request: PodCertificateRequest,
    certificate: PodCertificate,
    nowMs: number,
  ): Promise<'written' | 'settled'>;
  deny(request: PodCertificateRequest, denial: Denial, nowMs: number): Promise<'written' | 'settled'>;
  /** The roots that pods with such certificates find beside them. PEM. */
  publishTrust(roots: string): Promise<void>;
}
