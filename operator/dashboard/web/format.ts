// Numbers and times as people read them. Pure.
import type { RangeName } from './route.ts';

const none = '–';

/** `1.2k`, `340`, `12.5`, `0.07`. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  if (value >= 999_500) return `${digits(value / 1_000_000)}M`;
  if (value >= 999.5) return `${digits(value / 1000)}k`;
  if (value < 0.005) return '<0.01';
  return digits(value);
}

function digits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return String(Number(value.toFixed(value >= 9.995 ? 1 : 2)));
}

export function perSecond(value: number): string {
  return `${shortNumber(value)}/s`;
}

export function bytesPerSecond(value: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (value >= size) return `${shortNumber(value / size)} ${unit}/s`;
  return `${shortNumber(value)} B/s`;
}

/** Never 100 % while anything failed, nor 0 % while anything did not. */
export function percent(share: number | null): string {
  if (share === null) return none;
  if (share > 0.9999 && share < 1) return '>99.99 %';
  if (share > 0 && share < 0.0001) return '<0.01 %';
  return `${Number((share * 100).toFixed(2))} %`;
}

/** The last bucket has no end. */
const longestMs = 10_000;

export function milliseconds(value: number | null): string {
  if (value === null) return none;
  if (value >= longestMs) return '≥10 s';
  if (value >= 1000) return `${Number((value / 1000).toFixed(2))} s`;
  return `${value >= 99.5 ? value.toFixed(0) : Number(value.toFixed(1))} ms`;
}

/** How long something took: exactly while it is short. */
export function elapsed(ms: number): string {
  return ms < longestMs ? milliseconds(ms) : duration(ms);
}

/** `5 s`, `3 min`, `2 h`, `4 d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

export type Health = 'good' | 'warning' | 'bad' | 'none';

export function healthOf(success: number | null): Health {
  if (success === null) return 'none';
  if (success >= 0.995) return 'good';
  return success >= 0.95 ? 'warning' : 'bad';
}

const time = { hour: '2-digit', minute: '2-digit' } as const;
const shown = {
  '6h': time,
  '24h': { weekday: 'short', ...time },
  // A week begins and ends at the same time of the same weekday.
  '7d': { month: 'short', day: 'numeric', ...time },
} as const satisfies Record<RangeName, Intl.DateTimeFormatOptions>;

/** A point in time of a range, so that no other of it reads the same. `locales`, `timeZone`: default those of the browser. */
export function dateOrTime(iso: string, range: RangeName, locales: string[] = [], timeZone?: string): string {
  return new Date(iso).toLocaleString(locales, { ...shown[range], ...(timeZone && { timeZone }) });
}
