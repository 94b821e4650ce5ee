// Why something could not be sent, as it gets into a status. Pure.
import { isNativeError } from 'node:util/types';

/** fetch hides why behind "fetch failed". */
export function causeOf(error: unknown): string {
  const { cause = error } = isNativeError(error) ? error : {};
  return shortened(wordsOf(cause));
}

/** A host with several addresses has an error for each, and no words of its own. */
function wordsOf(cause: unknown): string {
  if (!isNativeError(cause)) return String(cause);
  if ('errors' in cause && Array.isArray(cause.errors) && cause.errors.length > 0)
    return cause.errors.map(wordsOf).join(', ');
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}

export function shortened(text: string): string {
  return text
    .replaceAll(/[^!-~]+/g, ' ')
    .slice(0, 200)
    .trim();
}
