// Regular expressions, as Envoy reads them: RE2. Entry: regexProblems.
// A bad one in a single virtual host is refused without a name (`missing ): ((`), so it must not get that far.
import { RE2JS } from 're2js';
import type { Problem } from './problem.ts';
import type { Place } from './walk.ts';

/** Message type → its field that holds an expression. */
const regexFields: Readonly<Record<string, string>> = {
  'envoy.type.matcher.v3.RegexMatcher': 'regex',
  'xds.type.matcher.v3.RegexMatcher': 'regex',
  'envoy.config.metrics.v3.TagSpecifier': 'regex',
};

export const regexTypes: ReadonlySet<string> = new Set(Object.keys(regexFields));

/** Of a message of one of these types. */
export function regexProblems({ shape, message }: Place): readonly Problem[] {
  const name = regexFields[shape.name];
  if (name === undefined || typeof message[name] !== 'string') return [];
  const mistake = syntaxError(message[name]);
  return mistake === null ? [] : [{ path: name, text: mistake }];
}

function syntaxError(expression: string): string | null {
  const code = codesBeyondBytes(expression)[0];
  if (code !== undefined) {
    return `must be a regular expression of bytes, as Envoy reads it: write the character itself instead of ${code}`;
  }
  const unknown = classesUnknownToEnvoy(expression)[0];
  if (unknown !== undefined) {
    return `must be a regular expression in RE2 syntax, and Envoy's RE2 does not have the character class ${unknown}`;
  }
  try {
    RE2JS.compile(expression);
    return null;
  } catch (error) {
    return `must be a regular expression in RE2 syntax (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** Quoted text, the code of a character in one of two notations, a named class of characters, or any other escape. */
const escapes = /\\(?:Q[^]*?(?:\\E|$)|x\{([0-9a-fA-F]+)\}|([0-7]{3})|[pP]\{\^?(\w+)\}|[^])/g;

/**
 * The classes that RE2JS 2.10 has and the RE2 of Envoy 1.40 has not: all names of RE2JS were tried on that Envoy.
 * They are properties of characters, and scripts of Unicode 16 and later.
 */
const unknownToEnvoy: ReadonlySet<string> = new Set(
  (
    'Ascii Assigned Cn LC Lc ASCII_Hex_Digit Alphabetic Dash Emoji Emoji_Component Emoji_Modifier Emoji_Modifier_Base ' +
    'Emoji_Presentation Extended_Pictographic Hex_Digit Lowercase Math Quotation_Mark Terminal_Punctuation Uppercase ' +
    'White_Space Unknown Beria_Erfe Garay Gurung_Khema Kirat_Rai Ol_Onal Sidetic Sunuwar Tai_Yo Todhri Tolong_Siki ' +
    'Tulu_Tigalari'
  ).split(' '),
);

function classesUnknownToEnvoy(expression: string): readonly string[] {
  return [...expression.matchAll(escapes)].flatMap(([text, , , name]) =>
    name !== undefined && unknownToEnvoy.has(name) ? [text] : [],
  );
}

/** Codes of characters above 255: Envoy has RE2 read bytes (Latin-1), where there are none. */
function codesBeyondBytes(expression: string): readonly string[] {
  return [...expression.matchAll(escapes)].flatMap(([text, hex, octal]) => {
    const code = hex === undefined ? Number.parseInt(octal ?? '0', 8) : Number.parseInt(hex, 16);
    return code > 255 ? [text] : [];
  });
}
