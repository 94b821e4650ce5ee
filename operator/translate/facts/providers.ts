// Whom the Mesh has what sidecars tell passed on to.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import { reason } from '../../conditions/conditions.ts';
import type { ProviderIr, TracingIr } from '../../ir/provider.ts';
import { byText } from '../../values/compare-text.ts';
import { samplingRules } from './sampling.ts';
import type { Problem } from './verdicts.ts';

export function providers({ spec }: Mesh): readonly ProviderIr[] {
  return spec.telemetry.providers.map((written) => providerOf(written)).toSorted(byText(({ name }) => name));
}

function providerOf(written: Mesh['spec']['telemetry']['providers'][number]): ProviderIr {
  const { name, metrics, type, protocol, endpoint = '', googleCloud } = written;
  if (type !== 'GoogleCloud') return { name, metrics, type, endpoint, protocol };
  const { project = '', cluster = null, secretRef, endpoints } = googleCloud ?? {};
  const { monitoring, logging, trace } = endpoints ?? {};
  return {
    name,
    metrics,
    type,
    project,
    cluster,
    secretName: secretRef?.name ?? null,
    endpoints: {
      monitoring: baseOf(monitoring ?? 'https://monitoring.googleapis.com'),
      logging: baseOf(logging ?? 'https://logging.googleapis.com'),
      trace: baseOf(trace ?? 'https://cloudtrace.googleapis.com'),
    },
  };
}

function baseOf(url: string): string {
  return url.replace(/\/+$/, '');
}

/** null where nobody receives spans. */
export function tracing(mesh: Mesh): TracingIr | null {
  const { spec } = mesh;
  const { tracing: written, providers: all } = spec.telemetry;
  if (written === undefined) return null;
  const known = all.map(({ name }) => name);
  const named = written.providers.filter((name) => known.includes(name));
  const { percentage, propagation } = written;
  if (named.length === 0) return null;
  const sampling = samplingRules(mesh);
  return {
    providers: named.toSorted(),
    percentage,
    ...(sampling.length > 0 && { sampling }),
    propagation,
  };
}

export function tracingWarnings({ spec }: Mesh): readonly Problem[] {
  const { tracing: written, providers: all } = spec.telemetry;
  const known = all.map(({ name }) => name);
  return strangersAmong(written?.providers ?? [], known).map((problem) => ({
    reason: reason.providerNotFound,
    message: `Spans are not sent to it: spec.telemetry.tracing.${problem}. Correct the name, or add the provider.`,
  }));
}

/** Without a full stop. */
export function strangersAmong(named: readonly string[], known: readonly string[]): readonly string[] {
  const stranger = named.find((name) => !known.includes(name));
  return stranger === undefined
    ? []
    : [`providers names ${stranger}, which is not in spec.telemetry.providers`];
}
