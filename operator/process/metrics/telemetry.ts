// What goes to providers of telemetry.
import { Counter, type Registry } from 'prom-client';
import { prefix } from './prefix.ts';

export interface TelemetryMetrics {
  /** So many log records, spans or counts. */
  telemetrySent(
    provider: string,
    type: 'logs' | 'spans' | 'counts',
    result: 'sent' | 'dropped',
    count: number,
  ): void;
  /** A message with logs or spans; refused: for its caller, the rate or its content. */
  signalsReceived(result: 'taken' | 'refused'): void;
}

export function addTelemetrySignals(registry: Registry): TelemetryMetrics {
  const registers = [registry];
  const signals = new Counter({
    name: `${prefix}telemetry_signals_total`,
    help: 'Log records, spans and counts for a provider: sent, or dropped because it does not take them.',
    labelNames: ['provider', 'type', 'result'],
    registers,
  });
  const messages = new Counter({
    name: `${prefix}telemetry_messages_total`,
    help: 'Messages with log records and spans from sidecars, taken or refused.',
    labelNames: ['result'],
    registers,
  });
  return {
    telemetrySent: (provider, type, result, count) => signals.inc({ provider, type, result }, count),
    signalsReceived: (result) => messages.inc({ result }),
  };
}
