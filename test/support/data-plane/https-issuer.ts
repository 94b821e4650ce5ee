// A server of key sets over https, with a certificate of a CA of its own, which answers as a test says. Entry: HttpsIssuer.start.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Closing } from './closing.ts';

export type KeySetAnswer = (response: ServerResponse) => void;

export class HttpsIssuer {
  /** PEM. */
  readonly caBundle: string;
  readonly #server: Server;
  readonly #requests: string[];
  #answer: KeySetAnswer;

  private constructor(server: Server, caBundle: string, requests: string[]) {
    this.#server = server;
    this.caBundle = caBundle;
    this.#requests = requests;
    this.#answer = (response) => response.writeHead(503).end();
    server.on('request', (request, response) => {
      requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
      this.#answer(response);
    });
  }

  /** At 127.0.0.1. It answers 503 until it is told what else. */
  static async start(closing: Closing): Promise<HttpsIssuer> {
    const { ca, certificate, key } = await certificates();
    const server = createServer({ cert: certificate, key }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.add(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    return new HttpsIssuer(server, ca, []);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get uri(): string {
    return `https://127.0.0.1:${this.port}/jwks.json`;
  }

  /** Method and path of each request. */
  get requests(): readonly string[] {
    return this.#requests;
  }

  answers(answer: KeySetAnswer | string): void {
    this.#answer = typeof answer === 'string' ? (response) => response.end(answer) : answer;
  }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** For 127.0.0.1, issuer.test and issuer.example, from a CA of its own. */
export async function certificates(): Promise<{ ca: string; certificate: string; key: string }> {
  const [caKeys, keys] = await Promise.all([generate(), generate()]);
  const now = Date.now();
  const validity = { notBefore: new Date(now - 60_000), notAfter: new Date(now + 3_600_000) };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=issuer-test-ca',
    keys: caKeys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=issuer.test',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'issuer.test' },
        { type: 'dns', value: 'issuer.example' },
      ]),
    ],
  });
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    ca: ca.toString('pem'),
    certificate: certificate.toString('pem'),
    key: x509.PemConverter.encode(der, 'PRIVATE KEY'),
  };
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
