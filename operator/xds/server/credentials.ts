// TLS of the xDS port: mutual, and renewed without a restart.
import { experimental, type ServerCredentials } from '@grpc/grpc-js';

export interface ServerKeyPair {
  /** PEM, leaf first. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM of the roots that client certificates must lead to. */
  readonly trustBundle: string;
}

export interface ReloadableCredentials {
  readonly credentials: ServerCredentials;
  /** New connections use it from now on; existing ones stay. */
  update(pair: ServerKeyPair): void;
}

type CaListener = experimental.CaCertificateUpdateListener;
type IdentityListener = experimental.IdentityCertificateUpdateListener;

/** Refuses connections until the first `update`, and always those without a certificate of the trust bundle. */
export function reloadableCredentials(): ReloadableCredentials {
  const caListeners = new Set<CaListener>();
  const identityListeners = new Set<IdentityListener>();
  let latest: ServerKeyPair | null = null;
  const ca = (): ReturnType<typeof caUpdate> | null => (latest === null ? null : caUpdate(latest));
  const identity = (): ReturnType<typeof identityUpdate> | null =>
    latest === null ? null : identityUpdate(latest);
  const provider: experimental.CertificateProvider = {
    addCaCertificateListener(listener) {
      caListeners.add(listener);
      // grpc-js adds its listener before it is able to hear of a certificate: not in this turn.
      queueMicrotask(() => listener(ca()));
    },
    removeCaCertificateListener: (listener) => void caListeners.delete(listener),
    addIdentityCertificateListener(listener) {
      identityListeners.add(listener);
      queueMicrotask(() => listener(identity()));
    },
    removeIdentityCertificateListener: (listener) => void identityListeners.delete(listener),
  };
  return {
    credentials: experimental.createCertificateProviderServerCredentials(provider, provider, true),
    update(pair): void {
      latest = pair;
      for (const listener of caListeners) listener(caUpdate(pair));
      for (const listener of identityListeners) listener(identityUpdate(pair));
    },
  };
}

function caUpdate(pair: ServerKeyPair): { caCertificate: Buffer } {
  return { caCertificate: Buffer.from(pair.trustBundle) };
}

function identityUpdate(pair: ServerKeyPair): { certificate: Buffer; privateKey: Buffer } {
  return { certificate: Buffer.from(pair.certificate), privateKey: Buffer.from(pair.privateKey) };
}
