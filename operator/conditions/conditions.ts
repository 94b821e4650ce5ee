// The condition types and reasons there are, and what a stage says about an object. One owner for each type.
import type { Origin } from '../ir/origin.ts';

/** In the order in which an object has them. */
export const conditionType = {
  /** The object is valid, has a target and no conflict. Owner: translate. */
  accepted: 'Accepted',
  /** Every reference in it resolves. Owner: translate. */
  resolvedRefs: 'ResolvedRefs',
  /** Only where it is so: other objects decide some or all of what it asks for. Owner: translate. */
  overridden: 'Overridden',
  /** Only where it is so: the object is in effect, but probably not as intended. Owner: translate. */
  warning: 'Warning',
  /** SecurityPolicy only, where it has a login: browsers can log in. Owner: translate. */
  loginReady: 'LoginReady',
  /** SecurityPolicy only, where keys are not in it: the keys of its issuers were fetched. Owner: aggregate, from what is fetched. */
  keysFetched: 'KeysFetched',
  /** SecurityPolicy only, while enforcement is Audit and for an hour after: requests that its rules would have refused. Owner: aggregate, from what sidecars counted. */
  wouldRefuse: 'WouldRefuse',
  /** Every proxy concerned, now or before, obeys this generation and nothing earlier. Owner: aggregate, from the acknowledgements. */
  programmed: 'Programmed',
  /** Mesh only: certificate authority and control plane are able to serve. Owner: aggregate. */
  ready: 'Ready',
  /** Mesh only: every selected workload has its sidecar. Owner: aggregate, from what reconcile found. */
  injected: 'Injected',
  /** Mesh only, on a cluster: who adds sidecars and why, and whether that is as it is to be. Owner: aggregate, from what reconcile found. */
  injectionReady: 'InjectionReady',
  /** Mesh only: no proxy runs anything of a deleted object. Owner: aggregate, from the acknowledgements. */
  deletionsProgrammed: 'DeletionsProgrammed',
  /** Mesh only: certificates are signed by the authority that it asks for. Absent for a built-in one without problems. Owner: aggregate. */
  authorityHealthy: 'AuthorityHealthy',
  /** Mesh only, on a cluster: pods get their certificates in the way that it asks for, and none waits for one. Owner: aggregate. */
  certificatesDelivered: 'CertificatesDelivered',
  /** Mesh only, from the first rotation on: no root is being replaced, and the last one was. Owner: aggregate. */
  rootRotated: 'RootRotated',
  /** Mesh only, False where it is so: metrics of traffic would have too many series, so labels are folded. Owner: aggregate. */
  metricsWithinBudget: 'MetricsWithinBudget',
  /** Mesh only, where it has providers of telemetry: they take what they are sent. Owner: aggregate. */
  telemetryDelivered: 'TelemetryDelivered',
} as const;
export type ConditionType = (typeof conditionType)[keyof typeof conditionType];

export const reason = {
  accepted: 'Accepted',
  invalid: 'Invalid',
  targetNotFound: 'TargetNotFound',
  conflicted: 'Conflicted',
  overridden: 'Overridden',
  unsupportedValue: 'UnsupportedValue',
  resolvedRefs: 'ResolvedRefs',
  refNotFound: 'RefNotFound',
  backendNotFound: 'BackendNotFound',
  refNotPermitted: 'RefNotPermitted',
  unsupportedProtocol: 'UnsupportedProtocol',
  portNotFound: 'PortNotFound',
  unreachableRoute: 'UnreachableRoute',
  retriesMultiply: 'RetriesMultiply',
  healthCheckDenied: 'HealthCheckDenied',
  healthCheckWithoutEffect: 'HealthCheckWithoutEffect',
  limitsWithoutEffect: 'LimitsWithoutEffect',
  localityWithoutEffect: 'LocalityWithoutEffect',
  hostRefused: 'HostRefused',
  accessLogInvalid: 'AccessLogInvalid',
  samplingInvalid: 'SamplingInvalid',
  providerNotFound: 'ProviderNotFound',
  delivered: 'Delivered',
  providerUnavailable: 'ProviderUnavailable',
  authorizerUnavailable: 'AuthorizerUnavailable',
  keysFetched: 'KeysFetched',
  fetchFailed: 'FetchFailed',
  refusals: 'Refusals',
  noRefusals: 'NoRefusals',
  notReporting: 'NotReporting',
  enforced: 'Enforced',
  loginReady: 'LoginReady',
  secretNotFound: 'SecretNotFound',
  invalidSecret: 'InvalidSecret',
  endpointsUnknown: 'EndpointsUnknown',
  programmed: 'Programmed',
  pending: 'Pending',
  steppedBack: 'SteppedBack',
  rejected: 'Rejected',
  invalidOutput: 'InvalidOutput',
  noProxies: 'NoProxies',
  unreachable: 'Unreachable',
  notAccepted: 'NotAccepted',
  ready: 'Ready',
  certificateNotReady: 'CertificateNotReady',
  healthy: 'Healthy',
  invalidAuthority: 'InvalidAuthority',
  issuerRefused: 'IssuerRefused',
  issuerSlow: 'IssuerSlow',
  certificatesExpireSoon: 'CertificatesExpireSoon',
  certificatesExpired: 'CertificatesExpired',
  expiresSoon: 'ExpiresSoon',
  secret: 'Secret',
  podCertificate: 'PodCertificate',
  notSupported: 'NotSupported',
  requestsPending: 'RequestsPending',
  issuedBefore: 'IssuedBefore',
  injected: 'Injected',
  policy: 'Policy',
  template: 'Template',
  policyNotRun: 'PolicyNotRun',
  policyRejected: 'PolicyRejected',
  deletionsProgrammed: 'DeletionsProgrammed',
  workloadTrouble: 'WorkloadTrouble',
  prepare: 'Prepare',
  trustBoth: 'TrustBoth',
  switch: 'Switch',
  retire: 'Retire',
  aborting: 'Aborting',
  phaseTimeout: 'PhaseTimeout',
  rotated: 'Rotated',
  labelsFolded: 'LabelsFolded',
  aborted: 'Aborted',
} as const;
export type Reason = (typeof reason)[keyof typeof reason];

/** A condition without time and generation: what a pure stage says. */
export interface ConditionDraft {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  /** A sentence, ending in a full stop, that tells the user what to do if status is not True. */
  readonly message: string;
}

/** What translation says of one object. conditions are in a fixed order: Accepted, ResolvedRefs, Overridden, Warning, LoginReady. */
export interface Verdict {
  readonly origin: Origin;
  readonly conditions: readonly ConditionDraft[];
  /** Keys of workloads that it is about and that have no sidecar, so that it has no effect there. Default: none. */
  readonly unmeshed?: readonly string[];
  /** All that decide something in its place, by originKey; the condition Overridden names the first. Default: nobody. */
  readonly overriddenBy?: readonly string[];
}
