// Expressions of rules, in the one spelling in which paths are compared: without this, the code of a character that stands for itself
// there, such as `%24`, would match no path. Pure.
import { quote } from '../complement-regex.ts';
import { canonicalPath } from './canonical-path.ts';

/** A quoted text, an escaped character, or the code of a byte, whose percent sign may be escaped. */
const tokens = /(\\Q[^]*?(?:\\E|$))|\\?(%[0-9a-f]{2})|\\[^]/gi;

/** `/odata/%24batch` is `/odata/\$batch`, `/caf%c3%a9` is `/caf%C3%A9`. `%2F` stays: a slash that is a part of a segment. */
export function canonicalExpression(expression: string): string {
  return expression.replaceAll(tokens, (token, quoted?: string, code?: string) => {
    if (quoted !== undefined) return quoted.replaceAll(/%[0-9a-f]{2}/gi, canonicalCode);
    return code === undefined ? token : literal(canonicalCode(code));
  });
}

function canonicalCode(code: string): string {
  return code.toUpperCase() === '%2F' ? '%2F' : canonicalPath(code);
}

function literal(text: string): string {
  return text.length === 1 ? quote(text) : text;
}
