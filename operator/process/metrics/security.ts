// Certificates, keys of issuers, and what policies on trial would have refused.
import { Counter, Gauge, type Registry } from 'prom-client';
import { prefix } from './prefix.ts';

export interface SecurityMetrics {
  certificatesExpire(ends: CertificateEnds): void;
  /** A request of a kubelet for the certificate of a pod. */
  podCertificateAnswered(answer: 'issued' | 'denied'): void;
  /** Those that are not answered, each with the time when it was made, in ms since 1970. */
  podCertificatesWaiting(waiting: readonly { readonly createdMs: number }[]): void;
  /** Of keys of an issuer. */
  keysFetched(result: 'success' | 'failure'): void;
  /** All issuers whose keys are fetched, by the ids of their providers (`shop/reviews/corp`). */
  keysAge(reports: readonly KeysAge[]): void;
  /** Of a sidecar, on what it counted; refused: for its caller, its rate or its content. */
  telemetryReported(result: 'taken' | 'refused'): void;
  /** So many more requests would have been refused by that policy (`shop/reviews`), which is on trial. */
  auditRefused(policy: string, requests: number): void;
}

/** Ends of validity; undefined while there is none. */
export interface CertificateEnds {
  readonly root: Date | undefined;
  readonly intermediate: Date | undefined;
  /** Of the leaves whose Secrets this operator keeps, the first in each namespace, in ms since 1970. */
  readonly leaves: readonly (readonly [namespace: string, endMs: number])[];
}

export interface KeysAge {
  readonly providers: readonly string[];
  /** null: none were fetched yet. fetchedMs: since 1970. */
  readonly keys: { readonly fetchedMs: number } | null;
}

export function addSecurity(registry: Registry): SecurityMetrics {
  return {
    ...addCertificates(registry),
    ...addPodCertificates(registry),
    ...addJwks(registry),
    ...addTelemetry(registry),
  };
}

function addCertificates(registry: Registry): Pick<SecurityMetrics, 'certificatesExpire'> {
  const registers = [registry];
  const expiry = new Gauge({
    name: `${prefix}certificate_expiry_timestamp_seconds`,
    help: 'When the root, the intermediate that signs, and the first of the leaves expire, in seconds since 1970.',
    labelNames: ['certificate'],
    registers,
  });
  const workloads = new Gauge({
    name: `${prefix}workload_certificate_expiry_timestamp_seconds`,
    help: 'When the first of the workload certificates of a namespace expires, in seconds since 1970. Only of the replica that leads.',
    labelNames: ['namespace'],
    registers,
  });
  const setExpiry = (certificate: string, notAfter: Date | undefined): void => {
    if (notAfter === undefined) expiry.remove({ certificate });
    else expiry.set({ certificate }, notAfter.getTime() / 1000);
  };
  return {
    certificatesExpire: ({ root, intermediate, leaves }) => {
      setExpiry('root', root);
      setExpiry('intermediate', intermediate);
      const first = Math.min(...leaves.map(([, endMs]) => endMs));
      setExpiry('earliest_leaf', leaves.length === 0 ? undefined : new Date(first));
      workloads.reset();
      for (const [namespace, endMs] of leaves) workloads.set({ namespace }, endMs / 1000);
    },
  };
}

function addPodCertificates(
  registry: Registry,
): Pick<SecurityMetrics, 'podCertificateAnswered' | 'podCertificatesWaiting'> {
  const registers = [registry];
  const answers = new Counter({
    name: `${prefix}pod_certificate_requests_total`,
    help: 'PodCertificateRequests that this replica answered.',
    labelNames: ['result'],
    registers,
  });
  const waiting = new Gauge({
    name: `${prefix}pod_certificate_requests_waiting`,
    help: 'PodCertificateRequests of pods of the mesh that are not answered.',
    registers,
  });
  const oldest = new Gauge({
    name: `${prefix}pod_certificate_requests_oldest_timestamp_seconds`,
    help: 'When the oldest of them was made, in seconds since 1970; 0 if there is none.',
    registers,
  });
  return {
    podCertificateAnswered: (result) => answers.inc({ result }),
    podCertificatesWaiting: (requests) => {
      waiting.set(requests.length);
      const times = requests.map(({ createdMs }) => createdMs / 1000);
      oldest.set(times.length === 0 ? 0 : Math.min(...times));
    },
  };
}

function addJwks(registry: Registry): Pick<SecurityMetrics, 'keysFetched' | 'keysAge'> {
  const registers = [registry];
  const fetches = new Counter({
    name: `${prefix}jwks_fetches_total`,
    help: 'Fetches of key sets of issuers.',
    labelNames: ['result'],
    registers,
  });
  const fetched = new Gauge({
    name: `${prefix}jwks_fetched_timestamp_seconds`,
    help: 'When the key set of an issuer was last fetched, in seconds since 1970. Only of the replica that leads.',
    labelNames: ['namespace', 'policy', 'provider'],
    registers,
  });
  return {
    keysFetched: (result) => fetches.inc({ result }),
    keysAge: (reports) => {
      fetched.reset();
      for (const { providers, keys } of reports) {
        for (const id of keys === null ? [] : providers) {
          const [namespace = '', policy = '', provider = ''] = id.split('/');
          fetched.set({ namespace, policy, provider }, (keys?.fetchedMs ?? 0) / 1000);
        }
      }
    },
  };
}

function addTelemetry(registry: Registry): Pick<SecurityMetrics, 'telemetryReported' | 'auditRefused'> {
  const reports = new Counter({
    name: `${prefix}telemetry_reports_total`,
    help: 'Reports of sidecars on requests and connections.',
    labelNames: ['result'],
    registers: [registry],
  });
  const refusals = new Counter({
    name: `${prefix}audit_refusals_total`,
    help: 'Requests that policies with enforcement Audit would have refused. Only of the replica that leads.',
    labelNames: ['namespace', 'policy'],
    registers: [registry],
  });
  return {
    telemetryReported: (result) => reports.inc({ result }),
    auditRefused: (id, requests) => {
      const [namespace = '', policy = ''] = id.split('/');
      refusals.inc({ namespace, policy }, requests);
    },
  };
}
