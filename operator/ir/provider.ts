// Whom sidecars' records, spans and counts are passed on to.

export interface ProviderIr {
  readonly name: string;
  readonly type: 'OpenTelemetry' | 'Zipkin' | 'Plugin';
  /** http or https; without a path for gRPC. */
  readonly endpoint: string;
  /** Of OpenTelemetry. */
  readonly protocol: 'GRPC' | 'HTTP';
  /** Whether it gets what sidecars count. */
  readonly metrics: boolean;
}

export interface TracingIr {
  /** Names, sorted. */
  readonly providers: readonly string[];
  /** Of requests that no caller has decided about: 0 to 100, to a hundredth. */
  readonly percentage: number;
}
