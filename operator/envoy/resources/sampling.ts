// Which of the traces that begin at a sidecar are recorded: a share of all, or what the Mesh says of a request. Only samplers may decide:
// with less than all, anything else would cut traces that applications began (decision 087).
import type { TracingIr } from '../../ir/provider.ts';
import type { ExpressionIr } from '../../ir/sampling.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { call, celOf, constant, header } from './cel.ts';
import { earlyHeaderMutation, setHeader } from './header.ts';
import { extension, type NamedExtension } from './typed-config.ts';

const samplers = 'envoy.extensions.tracers.opentelemetry.samplers.v3';

/** Of one workload. */
export interface SampledTraces extends Pick<TracingIr, 'propagation'> {
  /** Those about some requests, in order. */
  readonly rules: readonly { readonly filter: ExpressionIr; readonly percentage: number }[];
  /** Of all other requests. */
  readonly percentage: number;
}

/** named: the rules that a workload obeys besides those that all do. */
export function sampledTraces(
  { percentage, propagation, sampling = [] }: TracingIr,
  named: readonly string[],
): SampledTraces {
  const obeyed = sampling.filter(({ name, everywhere }) => everywhere || named.includes(name));
  const last = obeyed.findIndex(({ filter }) => filter === null);
  const asked = last === -1 ? obeyed : obeyed.slice(0, last);
  return {
    propagation,
    rules: asked.flatMap((rule) =>
      rule.filter === null ? [] : { filter: rule.filter, percentage: rule.percentage },
    ),
    percentage: obeyed[last]?.percentage ?? percentage,
  };
}

/** What a caller has decided about a trace holds. */
export function sampler(traces: SampledTraces): NamedExtension {
  return extension(
    'envoy.tracers.opentelemetry.samplers.parent_based',
    `${samplers}.ParentBasedSamplerConfig`,
    { wrapped_sampler: traces.rules.length === 0 ? ofAll(traces.percentage) : byRequest(traces) },
  );
}

function ofAll(percentage: number): NamedExtension {
  return extension(
    'envoy.tracers.opentelemetry.samplers.trace_id_ratio_based',
    `${samplers}.TraceIdRatioBasedSamplerConfig`,
    { sampling_percentage: { numerator: percentage } },
  );
}

function byRequest({ rules, percentage }: SampledTraces): NamedExtension {
  const expr = rules.reduceRight<EnvoyMessage>(
    (others, rule) => call('_?_:_', celOf(rule.filter), share(rule.percentage), others),
    share(percentage),
  );
  return extension('envoy.tracers.opentelemetry.samplers.cel', `${samplers}.CELSamplerConfig`, {
    expression: { cel_expr_parsed: { expr } },
  });
}

/** A random UUID, for as long as the sampler needs one: expressions know nothing else that is random and no caller can choose. */
const drawnHeader = 'x-meshwright-drawn';

function share(percentage: number): EnvoyMessage {
  return percentage === 0 || percentage === 100
    ? constant(percentage === 100)
    : call('_<_', header(drawnHeader), constant(thresholdOf(percentage)));
}

/** Hexadecimal text of this share is less than it, if it has eight digits at least; all of it for 100. */
export function thresholdOf(percentage: number): string {
  const below = Math.floor((percentage / 100) * 2 ** 32);
  return percentage === 100 ? 'g' : below.toString(16).padStart(8, '0');
}

/** Of a connection manager: what draws, before the tracer is asked, and what removes it as soon as it has been. */
export function drawing(traces: SampledTraces): {
  readonly early: readonly EnvoyMessage[];
  readonly filters: readonly EnvoyMessage[];
} {
  const shares = [traces, ...traces.rules].map(({ percentage }) => percentage);
  if (traces.rules.length === 0 || shares.every((one) => one === 0 || one === 100))
    return { early: [], filters: [] };
  return drawn;
}

const drawn = {
  early: [earlyHeaderMutation([{ remove: drawnHeader }, { append: setHeader(drawnHeader, '%UNIQUE_ID%') }])],
  filters: [
    extension('meshwright.sampling', 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
      mutations: { request_mutations: [{ remove: drawnHeader }] },
    }),
  ],
};
