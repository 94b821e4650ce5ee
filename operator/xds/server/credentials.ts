// TLS of the xDS port: mutual, renewed without a restart, never resumed, and for no longer than the client's certificate is valid.
// It stands in front of grpc-js, which knows neither of the last two.
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { systemClock, type Clock } from '../../process/clock.ts';
import { atWallTime } from './wall-time.ts';

export interface ServerKeyPair {
  /** PEM, leaf first. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM of the roots that client certificates must lead to. */
  readonly trustBundle: string;
  /** PEM, a list of each root; connections with a certificate on one are refused. Null or absent: none is revoked. */
  readonly revocationList?: string | null;
}

/** Takes connections, and gives those whose client has shown a certificate of the trust bundle. */
export interface TlsAcceptor {
  onSecured(take: (connection: TLSSocket) => void): void;
  connect(connection: Socket): void;
}

export interface ReloadableCredentials {
  readonly credentials: TlsAcceptor;
  /** New connections use it from now on; existing ones stay. */
  update(pair: ServerKeyPair): void;
}

/**
 * A resumed session would bring back a client whose certificate has expired by now, or whose root is not trusted any more: OpenSSL does
 * not verify it again. Without tickets there is nothing to resume, as no session is kept on this side.
 */
const never = { secureOptions: constants.SSL_OP_NO_TICKET } as const;
const handshakeMs = 10_000;
/** After the end of a client's certificate its streams are ended with a status; then the connection is. */
const graceMs = 1_000;

/** Refuses connections until the first `update`, and always those without a certificate of the trust bundle. */
export function reloadableCredentials(clock: Clock = systemClock): ReloadableCredentials {
  const server = createServer({
    ...never,
    ALPNProtocols: ['h2'],
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: handshakeMs,
  });
  // Whoever breaks off its handshake harms nobody.
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (connection) => endWithCertificate(connection, clock));
  let isLoaded = false;
  return {
    credentials: acceptorOf(server, () => isLoaded),
    update: ({ certificate, privateKey, trustBundle, revocationList = null }): void => {
      server.setSecureContext({
        ...never,
        cert: certificate,
        key: privateKey,
        ca: trustBundle,
        ...(revocationList !== null && { crl: listsIn(revocationList) }),
      });
      isLoaded = true;
    },
  };
}

/** One by one: of a text with several, Node reads only the first, and then refuses every certificate of the other roots. */
function listsIn(pem: string): string[] {
  return pem.match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g) ?? [];
}

function acceptorOf(server: Server, isLoaded: () => boolean): TlsAcceptor {
  return {
    onSecured: (take) => void server.on('secureConnection', take),
    connect: (connection) => {
      if (isLoaded()) server.emit('connection', connection);
      else connection.destroy();
    },
  };
}

function endWithCertificate(connection: TLSSocket, clock: Clock): void {
  const validTo = Date.parse(connection.getPeerCertificate().valid_to);
  const cancel = atWallTime(clock, validTo + graceMs, () => connection.destroy());
  connection.on('close', cancel);
  connection.on('error', () => undefined);
}
