// Whom sidecars' records, spans and counts are passed on to.
import type { SamplingRuleIr } from './sampling.ts';

export type ProviderIr = ReceiverIr | GoogleCloudIr;

interface NamedProvider {
  readonly name: string;
  /** Whether it gets what sidecars count. */
  readonly metrics: boolean;
}

export interface ReceiverIr extends NamedProvider {
  readonly type: 'OpenTelemetry' | 'Zipkin' | 'Plugin';
  /** http or https; without a path for gRPC. */
  readonly endpoint: string;
  /** Of OpenTelemetry. */
  readonly protocol: 'GRPC' | 'HTTP';
}

export interface GoogleCloudIr extends NamedProvider {
  readonly type: 'GoogleCloud';
  readonly project: string;
  /** In the namespace of the operator, with the key of a service account; null: the metadata server says who the operator is. */
  readonly secretName: string | null;
  /** In which pods run; null: the metadata server says it, where it is asked. */
  readonly cluster: { readonly name: string; readonly location: string } | null;
  /** URLs without a path. */
  readonly endpoints: { readonly monitoring: string; readonly logging: string; readonly trace: string };
}

export interface TracingIr {
  /** Names, sorted. */
  readonly providers: readonly string[];
  /** Of requests that no caller has decided about: 0 to 100, to a hundredth. */
  readonly percentage: number;
  /** The first that fits decides in place of percentage. Absent: none. */
  readonly sampling?: readonly SamplingRuleIr[];
  /** B3: its headers are read and written beside traceparent. */
  readonly propagation: 'W3C' | 'B3';
}
