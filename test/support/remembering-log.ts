// A log that remembers its lines.
import { pino } from 'pino';
import { z } from 'zod';
import type { Log } from '../../operator/process/log.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function rememberingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (text: string): void => {
    const { level, message, ...fields } = Line.parse(JSON.parse(text));
    lines.push({ level, message, fields });
  };
  const formatters = { level: (label: string): object => ({ level: label }) };
  const options = {
    level: 'debug',
    base: null,
    timestamp: false,
    messageKey: 'message',
    formatters,
  } as const;
  return { log: pino(options, { write }), lines };
}

const Line = z.looseObject({ level: z.string(), message: z.string() });
