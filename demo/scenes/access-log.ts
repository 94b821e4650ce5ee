// The part of an access log line that a reader of a refusal looks for. Pure.
import { z } from 'zod';

const shown = ['direction', 'method', 'path', 'response_code', 'response_code_details', 'peer'] as const;
const Line = z.record(z.string(), z.unknown());

/** `method: GET` …, one for each field that is there; the whole line if it is no JSON. */
export function refusalFields(line: string): string[] {
  const { data } = Line.safeParse(parseJson(line));
  if (data === undefined) return [line];
  return shown
    .filter((field) => data[field] !== undefined)
    .map((field) => `${field}: ${asText(data[field])}`);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
