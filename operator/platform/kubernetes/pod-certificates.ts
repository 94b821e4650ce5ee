// PodCertificateRequests to our signer, the pods that they name, and the ClusterTrustBundle that goes with the certificates. Entry:
// createPodCertificates. Requests do not go through the store: they are answered within a second or so, and no configuration depends on them.
import { z } from 'zod';
import type {
  PodCertificatePort,
  PodCertificateRequest,
  PodFacts,
  RequestId,
} from '../../ports/pod-certificate-port.ts';
import { pause } from '../../process/clock.ts';
import type { Log } from '../../process/log.ts';
import { fieldManager, managedLabels } from '../../values/own-names.ts';
import { signerName, trustBundleName } from '../../values/pod-certificates.ts';
import type { ApiCaller, ApiReader, ApiStreamer } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';
import type { JitteredClock } from './http/jittered-clock.ts';
import { type InformerSettings, runInformer } from './informer/informer.ts';
import type { RawObject } from './informer/raw-object.ts';
import { type ServedKind, resourcePath } from './kinds.ts';
import { certificatesApi, isServed, supportOf } from './pod-certificate-support.ts';

const requestKind: ServedKind = {
  kind: 'PodCertificateRequest',
  ...certificatesApi,
  plural: 'podcertificaterequests',
  isOptional: true,
  only: { query: { fieldSelector: `spec.signerName=${signerName}` } },
};

const Request = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    creationTimestamp: z.string(),
  }),
  spec: z.object({
    podName: z.string(),
    podUID: z.string(),
    serviceAccountName: z.string(),
    nodeName: z.string(),
    maxExpirationSeconds: z.number(),
    stubPKCS10Request: z.string(),
  }),
  status: z.object({ conditions: z.array(z.unknown()).nullish() }).nullish(),
});
const Pod = z.object({
  metadata: z.object({ uid: z.string() }),
  spec: z.object({
    serviceAccountName: z.string().default('default'),
    nodeName: z.string().default(''),
    volumes: z
      .array(
        z.object({
          projected: z
            .object({
              sources: z
                .array(z.object({ podCertificate: z.object({ signerName: z.string() }).nullish() }))
                .nullish(),
            })
            .nullish(),
        }),
      )
      .nullish(),
  }),
});
export interface PodCertificatesOptions {
  /** One attempt a call. */
  readonly api: ApiReader & ApiStreamer;
  readonly retryingApi: ApiCaller;
  readonly clock: JitteredClock;
  readonly log: Log;
  readonly informer: InformerSettings;
}

export function createPodCertificates(options: PodCertificatesOptions): PodCertificatePort {
  const { retryingApi: api } = options;
  return {
    support: () => supportOf(api),
    watch: async (sink, signal) => {
      const { clock, log, informer: settings } = options;
      const upsert = (object: RawObject): void => {
        const request = readRequest(object, log);
        if (request === undefined) return;
        if (request.isAnswered) sink.settled(request);
        else sink.waiting(request);
      };
      const remove = (request: RequestId): void => sink.settled(request);
      const informed = { upsert, remove, listed: () => undefined };
      await untilServed(options, signal);
      if (signal.aborted) return;
      await runInformer(
        { kind: requestKind, api: options.api, sink: informed, clock, log, settings },
        signal,
      );
    },
    pod: (namespace, name) => readPod(api, { namespace, name }),
    issue: (request, { chain, notBefore, notAfter, refreshAt }, nowMs) =>
      answer(api, request, {
        certificateChain: chain,
        notBefore: seconds(notBefore),
        notAfter: seconds(notAfter),
        beginRefreshAt: seconds(refreshAt),
        conditions: [condition('Issued', { reason: 'Issued', message: 'Signed by Meshwright.' }, nowMs)],
      }),
    deny: (request, denial, nowMs) =>
      answer(api, request, { conditions: [condition('Denied', denial, nowMs)] }),
    publishTrust: (roots) => publish(api, roots),
  };
}

/** Discovery may be asked by everybody: without permission, an API server refuses what it does not know, too. */
async function untilServed(
  { retryingApi, clock, log, informer }: PodCertificatesOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // oxlint-disable no-await-in-loop -- one question after the other
    try {
      if (await isServed(retryingApi)) return;
    } catch (err) {
      log.warn({ err }, 'support of pod certificates not known, retrying');
    }
    await pause(informer.absentMs, clock, signal);
    // oxlint-enable no-await-in-loop
  }
}

function readRequest(
  object: RawObject,
  log: Log,
): (PodCertificateRequest & { readonly isAnswered: boolean }) | undefined {
  const read = Request.safeParse(object);
  if (!read.success) {
    log.error({ request: object.metadata.name, err: read.error }, 'PodCertificateRequest not understood');
    return undefined;
  }
  const { metadata, spec, status } = read.data;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    createdMs: Date.parse(metadata.creationTimestamp),
    podName: spec.podName,
    podUid: spec.podUID,
    serviceAccount: spec.serviceAccountName,
    node: spec.nodeName,
    maxLifeMs: spec.maxExpirationSeconds * 1000,
    stub: spec.stubPKCS10Request,
    isAnswered: (status?.conditions ?? []).length > 0,
  };
}

async function readPod(api: ApiCaller, { namespace, name }: RequestId): Promise<PodFacts | undefined> {
  const path = `${resourcePath({ group: '', version: 'v1', plural: 'pods' }, namespace)}/${encodeURIComponent(name)}`;
  try {
    const { metadata, spec } = Pod.parse(await api.call({ method: 'GET', path }));
    const sources = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
    return {
      uid: metadata.uid,
      serviceAccount: spec.serviceAccountName,
      node: spec.nodeName,
      asksUs: sources.some(({ podCertificate }) => podCertificate?.signerName === signerName),
    };
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

/** The API server takes the first answer only: whatever differs later is not valid. */
async function answer(
  api: ApiCaller,
  { namespace, name, uid }: PodCertificateRequest,
  status: object,
): Promise<'written' | 'settled'> {
  const path = `${resourcePath(requestKind, namespace)}/${encodeURIComponent(name)}`;
  try {
    const contentType = 'application/merge-patch+json';
    const body = { metadata: { uid }, status };
    await api.call({ method: 'PATCH', path: `${path}/status`, query: { fieldManager }, contentType, body });
    return 'written';
  } catch (error) {
    if (await isSettled(api, path, uid, error)) return 'settled';
    throw error;
  }
}

/** error: of the answer. */
async function isSettled(api: ApiCaller, path: string, uid: string, error: unknown): Promise<boolean> {
  if (isApiError(error, 404)) return true;
  if (!isApiError(error, 409) && !isApiError(error, 422)) return false;
  try {
    const { metadata, status } = Request.parse(await api.call({ method: 'GET', path }));
    return metadata.uid !== uid || (status?.conditions ?? []).length > 0;
  } catch (gone) {
    return isApiError(gone, 404);
  }
}

function condition(
  type: 'Issued' | 'Denied',
  { reason, message }: { readonly reason: string; readonly message: string },
  nowMs: number,
): object {
  return { type, status: 'True', reason, message, lastTransitionTime: seconds(new Date(nowMs)) };
}

/** RFC 3339, as Kubernetes writes it. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

async function publish(api: ApiCaller, roots: string): Promise<void> {
  await api.call({
    method: 'PATCH',
    path: `/apis/certificates.k8s.io/v1/clustertrustbundles/${encodeURIComponent(trustBundleName)}`,
    query: { fieldManager, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'ClusterTrustBundle',
      metadata: { name: trustBundleName, labels: managedLabels },
      spec: { signerName, trustBundle: roots },
    },
  });
}
