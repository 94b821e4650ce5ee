// Checks a message before any proxy sees it: what Envoy would refuse is found here, with its place. Pure.
// Entry: checkMessage. It does not replace the encoder's strictness about fields and kinds of values.
import { joinPath } from '../proto/message-error.ts';
import { shapeOfTypeUrl } from '../proto/shapes.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { addressProblems } from './addresses.ts';
import { constraintProblems } from './constraints.ts';
import { duplicateProblems } from './duplicates.ts';
import { durationProblems } from './durations.ts';
import type { Problem } from './problem.ts';
import { regexProblems } from './regex.ts';
import { type Place, walk } from './walk.ts';

const checks = {
  /** Envoy's validate.rules. */
  constraints: ({ shape, message }: Place) => constraintProblems(shape, message),
  /** Regular expressions are in RE2 syntax. */
  regex: regexProblems,
  /** Addresses are IP literals where nothing resolves names. */
  addresses: addressProblems,
  /** Durations are neither negative nor too long. */
  durations: durationProblems,
  /** Domains and filter chains are unique within a message. */
  duplicates: duplicateProblems,
} satisfies Record<string, (place: Place) => readonly Problem[]>;

export type CheckName = keyof typeof checks;

/** The names of all checks, in the order they run. */
export const checkNames = Object.keys(checks) as readonly CheckName[];

/**
 * What is wrong with a message, as `field.path: what`; an empty list when nothing is.
 * @param typeName the message's full name, or its type URL
 * @param skip checks that are switched off
 * @throws MessageError when the type is not known
 */
export function checkMessage(
  typeName: string,
  message: EnvoyMessage,
  skip: ReadonlySet<CheckName> = new Set(),
): readonly string[] {
  const running = checkNames.filter((name) => !skip.has(name)).map((name) => checks[name]);
  const found: string[] = [];
  walk({ shape: shapeOfTypeUrl(typeName), message, path: '', outer: null }, (place) => {
    for (const check of running) {
      for (const { path, text } of check(place)) found.push(sentence(joinPath(place.path, path), text));
    }
  });
  return found;
}

function sentence(path: string, text: string): string {
  return path === '' ? text : `${path}: ${text}`;
}
