// What a process that ended said of the reason, from its output. Pure.
import { z } from 'zod';

/** As Node prints an error that nobody caught, and as Envoy logs one. */
const errorLine = /^\w*Error\b.*:|\[(critical|error)\]/;
const maxLength = 400;

/** The last line that names an error, else the last line of all. */
export function lastWords(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim());
  return (errorIn(output) ?? lines.findLast((line) => line !== ''))?.slice(0, maxLength);
}

/** The last line that names an error. */
export function errorIn(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.findLast((line) => errorLine.test(line))?.slice(0, maxLength);
}

const LogLine = z.object({
  level: z.number().min(50),
  msg: z.string(),
  error: z.object({ message: z.string() }).optional(),
});

/** The last error in a log of JSON lines, with its cause. */
export function loggedError(output: string): string | undefined {
  const errors = output.split('\n').flatMap((line) => {
    const { data } = LogLine.safeParse(parseJson(line));
    return data === undefined ? [] : [data];
  });
  const last = errors.at(-1);
  return last?.error === undefined ? last?.msg : `${last.msg}: ${last.error.message}`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
