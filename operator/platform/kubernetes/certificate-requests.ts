// CertificateRequests of cert-manager, in the operator's own namespace. Entry: createCertificateRequests.
// The typings are needed by the compiler only: the operator that runs is without them.
import type { ICertificateRequest } from '@kubernetes-models/cert-manager/cert-manager.io/v1/CertificateRequest';
import { z } from 'zod';
import type { CertificateRequestPort, RequestAnswer } from '../../ports/certificate-request-port.ts';
import { fieldManager, managedByLabel, managedLabels } from '../../values/own-names.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';
import { resourcePath } from './kinds.ts';

const requestKind = { group: 'cert-manager.io', version: 'v1', plural: 'certificaterequests' } as const;

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
});
const Answer = z.object({
  status: z
    .object({
      conditions: z.array(Condition).default([]),
      certificate: z.string().default(''),
      ca: z.string().default(''),
    })
    .prefault({}),
});
const Names = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

export function createCertificateRequests(api: ApiCaller, namespace: string): CertificateRequestPort {
  const all = resourcePath(requestKind, namespace);
  const pathOf = (name: string): string => `${all}/${encodeURIComponent(name)}`;
  return {
    namespace,
    create: async (name, { issuer, csr, spiffeId, ttlMs }) => {
      const annotations = { 'meshwright.dev/identity': spiffeId };
      const body: ICertificateRequest = {
        apiVersion: 'cert-manager.io/v1',
        kind: 'CertificateRequest',
        metadata: { namespace, name, labels: managedLabels, annotations },
        spec: {
          request: encoded(csr),
          issuerRef: issuer,
          duration: `${Math.ceil(ttlMs / 1000)}s`,
          isCA: false,
          usages: ['digital signature', 'client auth', 'server auth'],
        },
      };
      try {
        await api.call({ method: 'POST', path: all, query: { fieldManager }, body });
      } catch (error) {
        if (isApiError(error, 409)) return;
        throw isApiError(error, 404) ? notInstalled(error) : error;
      }
    },
    read: async (name) => {
      try {
        return answerOf(await api.call({ method: 'GET', path: pathOf(name) }));
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },
    remove: async (name) => {
      try {
        await api.call({ method: 'DELETE', path: pathOf(name) });
      } catch (error) {
        if (!isApiError(error, 404)) throw error;
      }
    },
    list: async () => {
      const query = { labelSelector: `${managedByLabel}=${fieldManager}` };
      const answer = await api.call({ method: 'GET', path: all, query });
      return Names.parse(answer).items.map(({ metadata }) => metadata.name);
    },
  };
}

function notInstalled(cause: unknown): Error {
  const message =
    'The API server does not know CertificateRequests of cert-manager.io/v1. Install cert-manager';
  return new Error(message, { cause });
}

function answerOf(object: unknown): RequestAnswer {
  const { conditions, certificate, ca } = Answer.parse(object).status;
  return { conditions, certificate: decoded(certificate), ca: decoded(ca) };
}

function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
