// The access logs that the Mesh asks for, and which workloads write which. One that cannot be written is left out and told.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import { reason } from '../../conditions/conditions.ts';
import {
  type AccessLogIr,
  defaultAccessLogs,
  type LogFormatIr,
  type TextPartIr,
} from '../../ir/access-log.ts';
import { byText } from '../../values/compare-text.ts';
import { headerField, isLogField } from '../../values/log-fields.ts';
import { problemOfFilter } from './log-filter.ts';
import { strangersAmong } from './providers.ts';
import { isForAll, isSelected } from './selected.ts';
import type { Problem } from './verdicts.ts';
import type { Workload } from './workload.ts';

type Written = NonNullable<Mesh['spec']['telemetry']['accessLogs']>[number];

/** Sorted by name. */
export function accessLogs({ spec }: Mesh): readonly AccessLogIr[] {
  const { accessLogs: written } = spec.telemetry;
  if (written === undefined) return defaultAccessLogs;
  const known = spec.telemetry.providers.map(({ name }) => name);
  return written
    .filter((one) => problemsOf(one, known).length === 0)
    .map((one) => ({
      name: one.name,
      format: formatOf(one.format),
      filter: one.filter ?? null,
      outcome: one.outcome,
      providers: one.providers.toSorted(),
      percentage: one.percentage,
      directions: one.directions.toSorted(),
      probes: one.probes,
      everywhere: isForAll(one),
    }))
    .toSorted(byText(({ name }) => name));
}

/** Names of those that not all workloads write and this one does, sorted. */
export function accessLogsOf(
  { spec }: Mesh,
  workload: Pick<Workload, 'namespace' | 'labels'>,
): readonly string[] {
  return (spec.telemetry.accessLogs ?? [])
    .filter((one) => !isForAll(one) && isSelected(one, workload))
    .map(({ name }) => name)
    .toSorted();
}

export function accessLogWarnings({ spec }: Mesh): readonly Problem[] {
  const known = spec.telemetry.providers.map(({ name }) => name);
  return (spec.telemetry.accessLogs ?? []).flatMap((one) => {
    const place = `spec.telemetry.accessLogs[${one.name}]`;
    return problemsOf(one, known).map((problem) => ({
      reason: reason.accessLogInvalid,
      message: `Access log ${one.name} is not written: ${place}.${problem}. Correct it; docs/telemetry.md lists what it may use.`,
    }));
  });
}

/** Each without a full stop, and what to do. */
function problemsOf({ format, filter, providers }: Written, known: readonly string[]): readonly string[] {
  const wrong = filter === undefined ? null : problemOfFilter(filter);
  const parts = format.text === undefined ? [] : textParts(format.text);
  const named = [...(format.fields ?? []), ...parts.flatMap((part) => ('field' in part ? part.field : []))];
  const unknown = named.find((name) => !isLogField(name) && headerField(name) === null);
  return [
    ...(wrong === null ? [] : [`filter is not an expression that Envoy accepts: ${wrong}`]),
    ...strangersAmong(providers, known),
    ...(unknown === undefined ? [] : [`format names ${unknown}, which is no field`]),
  ];
}

function formatOf({ type, fields, text }: Written['format']): LogFormatIr {
  return type === 'JSON' ? { type, fields: fields ?? null } : { type, parts: textParts(text ?? '') };
}

/** Braces without a closing one are text. */
function textParts(text: string): readonly TextPartIr[] {
  return text
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) => (/^\{.*\}$/s.test(part) ? { field: part.slice(1, -1) } : { text: part }));
}
