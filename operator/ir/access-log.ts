// What sidecars write about requests and connections.
export interface AccessLogIr {
  readonly name: string;
  readonly format: LogFormatIr;
  /** A CEL expression that Envoy takes; null: all, and connections as well. */
  readonly filter: string | null;
  /** Failed: only what failed or was refused. */
  readonly outcome: 'Any' | 'Failed';
  /** Names of providers, sorted. Empty: standard output. */
  readonly providers: readonly string[];
  /** 0 to 100. */
  readonly percentage: number;
  readonly directions: readonly ('Inbound' | 'Outbound')[];
  /** Whether probes of the kubelet are written, too. */
  readonly probes: boolean;
  /** Whether all workloads write it; else those that name it. */
  readonly everywhere: boolean;
}

/** Of a Mesh that does not say. */
export const defaultAccessLogs: readonly AccessLogIr[] = [
  {
    name: 'failures',
    format: { type: 'JSON', fields: null },
    filter: null,
    outcome: 'Failed',
    providers: [],
    percentage: 100,
    directions: ['Inbound', 'Outbound'],
    probes: false,
    everywhere: true,
  },
];

/** Names of fields are those of envoy/resources/log-fields.ts. null: all but headers. */
export type LogFormatIr =
  | { readonly type: 'JSON'; readonly fields: readonly string[] | null }
  | { readonly type: 'Text'; readonly parts: readonly TextPartIr[] };

export type TextPartIr = { readonly text: string } | { readonly field: string };
