// One JSON line an event. Messages are constant, lower-case; what varies is a field. Secrets are wrapped in
// Redacted before they come near a field, so that they print themselves as [redacted].
import { z } from 'zod';
import { pino, stdSerializers, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** A log that nobody keeps: each warning and error is handed on instead, as its message and what it was caused by. */
export function watchedLog(onTrouble: (trouble: string) => void): Log {
  const write = (line: string): void => {
    const { msg, err } = Trouble.parse(JSON.parse(line));
    onTrouble(err === undefined ? msg : `${msg}: ${err.message}`);
  };
  return pino({ level: 'warn', base: null }, { write });
}

const Trouble = z.object({ msg: z.string(), err: z.object({ message: z.string() }).optional() });

/** `level`: trace, debug, info, warn, error, fatal or silent. A field named `error` is written with type, message, stack and causes. */
export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: stdSerializers.errWithCause },
  });
}
