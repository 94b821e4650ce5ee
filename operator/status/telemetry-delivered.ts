// Whether the providers of telemetry take what they are sent: a condition of the Mesh. Pure.
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { ProviderReport } from '../conditions/provider-report.ts';
import { timestamp } from './object-status.ts';

/** None for a Mesh without providers. */
export function telemetryDeliveredOf(reports: readonly ProviderReport[]): readonly ConditionDraft[] {
  if (reports.length === 0) return [];
  const type = conditionType.telemetryDelivered;
  const sentences = reports.flatMap((report) => sentenceOf(report) ?? []);
  if (sentences.length === 0) {
    const message = `Providers that take what they are sent: ${reports.map(({ name }) => name).join(', ')}.`;
    return [{ type, status: 'True', reason: reason.delivered, message }];
  }
  return [{ type, status: 'False', reason: reason.providerUnavailable, message: sentences.join(' ') }];
}

function sentenceOf({ name, trouble, dropped }: ProviderReport): string | null {
  if (trouble === null) return null;
  const lost =
    dropped === 0
      ? 'Nothing is lost yet.'
      : 'Some of it is lost: meshwright_telemetry_signals_total says how much.';
  const since = timestamp(new Date(trouble.sinceMs));
  return `Provider ${name} has not taken what it is sent since ${since} (${trouble.reason}). ${lost} Act on the reason; if it is a failed connection, check the endpoint, and whether the operator may connect to it.`;
}
