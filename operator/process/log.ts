// One JSON line an event. Messages are constant, lower-case; what varies is a field. Secrets are wrapped in
// Redacted before they come near a field, so that they print themselves as [redacted].
import { pino, stdSerializers, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** `level`: trace, debug, info, warn, error, fatal or silent. A field named `error` is written with type, message, stack and causes. */
export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: stdSerializers.errWithCause },
  });
}
