// Certificates for tests of the discovery server's mutual TLS: a built-in authority in memory, and both ends' credentials.
import { X509Certificate } from 'node:crypto';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import type { Authority } from '../../operator/certificates/authority.ts';
import { openStoredAuthority } from '../../operator/certificates/stored-authority.ts';
import type { SecretData, SecretPort } from '../../operator/ports/platform.ts';
import type { ServerKeyPair } from '../../operator/xds/server/credentials.ts';

export const operatorId = 'spiffe://cluster.local/ns/meshwright-system/sa/meshwright';

/** An authority with a fresh root of its own. */
export function freshAuthority(): Promise<Authority> {
  return openStoredAuthority({
    secrets: secretsInMemory(),
    namespace: 'meshwright-system',
    secretName: 'root',
    trustDomain: 'cluster.local',
    now: Date.now,
  });
}

/** A key pair for the server's end. */
export async function serverPair(authority: Authority): Promise<ServerKeyPair> {
  return { ...(await issue(authority, operatorId)), trustBundle: authority.trustBundle() };
}

export interface ClientEnd {
  /** PEM; null: none. */
  readonly certificate: string | null;
  readonly credentials: ChannelCredentials;
  /** Serial numbers of the certificates that the server showed, one for each handshake. */
  readonly serials: readonly string[];
}

/** The client's end, as a proxy has it: it knows the server by its SPIFFE id. `identity` null: no certificate. */
export async function clientEnd(
  authority: Authority,
  identity: string | null,
  { trust = authority, ttlMs = 3_600_000 }: { readonly trust?: Authority; readonly ttlMs?: number } = {},
): Promise<ClientEnd> {
  const serials: string[] = [];
  const pair = identity === null ? null : await issue(authority, identity, ttlMs);
  const key = pair === null ? null : Buffer.from(pair.privateKey);
  const certificate = pair === null ? null : Buffer.from(pair.certificate);
  return {
    certificate: pair?.certificate ?? null,
    serials,
    credentials: credentials.createSsl(Buffer.from(trust.trustBundle()), key, certificate, {
      checkServerIdentity: (_host, { serialNumber, subjectaltname }) => {
        serials.push(serialNumber);
        const isOperator = subjectaltname === `URI:${operatorId}`;
        return isOperator ? undefined : new Error(`the server is ${subjectaltname}`);
      },
    }),
  };
}

export function serialOf(pair: ServerKeyPair): string {
  return new X509Certificate(pair.certificate).serialNumber;
}

function issue(authority: Authority, spiffeId: string, ttlMs = 3_600_000): ReturnType<Authority['issue']> {
  return authority.issue({ spiffeId, ttlMs });
}

function secretsInMemory(): SecretPort {
  const held = new Map<string, SecretData>();
  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;
  return {
    read: (namespace, name) => Promise.resolve(held.get(keyOf(namespace, name))),
    readBrought: () => Promise.reject(new Error('nobody brings an authority here')),
    create: (namespace, name, data) => {
      if (held.has(keyOf(namespace, name))) return Promise.resolve('exists');
      held.set(keyOf(namespace, name), data);
      return Promise.resolve('created');
    },
    replace: () => Promise.reject(new Error('no root is rotated here')),
    write: (namespace, name, data) => {
      held.set(keyOf(namespace, name), data);
      return Promise.resolve();
    },
  };
}
