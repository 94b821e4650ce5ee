// What of a spec a refusal quotes. Envoy and our own checks say what they cannot read, seldom where it was written. Pure.
import type { SpecText } from './spec-entries.ts';

/** Whether the message quotes a text. If it is about an expression, only expressions count. */
export function quotedIn(message: string): (text: SpecText) => boolean {
  const parts = expressionParts(message);
  if (parts.length > 0)
    return ({ isExpression, text }) => isExpression && parts.some((part) => onOneLine(text).includes(part));
  const isNamed = namedIn(message);
  return ({ text }) => isNamed(text);
}

/** @see https://github.com/google/re2/blob/main/re2/regexp.cc (kErrorStrings) */
const re2Errors = [
  'invalid escape sequence',
  'invalid character class',
  'invalid character class range',
  'missing ]',
  'missing )',
  'unexpected )',
  'no argument for repetition operator',
  'invalid repetition size',
  'bad repetition operator',
  'invalid perl operator',
  'invalid UTF-8',
  'invalid named capture group',
  'pattern too large - compile failed',
] as const;

/** What our own check says: RE2JS quotes what it cannot read. */
const ownWords = /in RE2 syntax \([^`]*`([^]*?)`\)|itself instead of (\S+)/g;

/** The parts of expressions that could not be read: Envoy's words end in RE2's, `missing ): ((`. */
function expressionParts(message: string): readonly string[] {
  const own = [...message.matchAll(ownWords)].map(([, part, code]) => part ?? code ?? '');
  const re2 = re2Errors.flatMap((error) => {
    const at = message.indexOf(`${error}: `);
    return at === -1 ? [] : [message.slice(at + error.length + 2)];
  });
  return [...own, ...re2].map((part) => onOneLine(part).trim()).filter((part) => part !== '');
}

/** As the words of Envoy are kept. */
function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

const quotes = new Set(['"', "'", '`']);
const wordPart = /[\w./-]/;

/** Whether a text stands in the message as a whole; a plain word only counts in quotes. Envoy writes names in lower case. */
export function namedIn(message: string): (text: string) => boolean {
  const all = message.toLowerCase();
  return (text) => {
    const one = text.toLowerCase();
    if (one === '') return false;
    const isPlain = /^\w*$/.test(one);
    for (let at = all.indexOf(one); at !== -1; at = all.indexOf(one, at + 1)) {
      const [before = ' ', after = ' '] = [all[at - 1], all[at + one.length]];
      const isWhole = !wordPart.test(before) && !/[\w/-]/.test(after);
      if (isPlain ? quotes.has(before) && before === after : isWhole) return true;
    }
    return false;
  };
}
