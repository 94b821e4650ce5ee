// Checks a message before any proxy sees it: what Envoy would refuse is found here, with its place. Pure.
// Entry: checkMessage. It does not replace the encoder's strictness about fields and kinds of values.
import { joinPath } from '../proto/message-error.ts';
import { type MessageShape, shapeOfTypeUrl } from '../proto/shapes.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { addressProblems, addressTypes } from './addresses.ts';
import { constraintProblems, isConstrained } from './constraints.ts';
import { duplicateProblems, duplicateTypes } from './duplicates.ts';
import { durationProblems, durationTypes } from './durations.ts';
import type { Problem } from './problem.ts';
import { regexProblems, regexTypes } from './regex.ts';
import { pathOf, type Place, walk } from './walk.ts';

interface Check {
  /** Whether it has anything to say about messages of this shape. */
  readonly concerns: (shape: MessageShape) => boolean;
  readonly problems: (place: Place) => readonly Problem[];
}

const about =
  (types: ReadonlySet<string>) =>
  ({ name }: MessageShape): boolean =>
    types.has(name);

const checks = {
  /** Envoy's validate.rules. */
  constraints: {
    concerns: isConstrained,
    problems: ({ shape, message }: Place) => constraintProblems(shape, message),
  },
  /** Regular expressions are in RE2 syntax. */
  regex: { concerns: about(regexTypes), problems: regexProblems },
  /** Addresses are IP literals where nothing resolves names. */
  addresses: { concerns: about(addressTypes), problems: addressProblems },
  /** Durations are neither negative nor too long. */
  durations: { concerns: about(durationTypes), problems: durationProblems },
  /** Domains and filter chains are unique within a message. */
  duplicates: { concerns: about(duplicateTypes), problems: duplicateProblems },
} satisfies Record<string, Check>;

export type CheckName = keyof typeof checks;

/** The names of all checks, in the order they run. */
export const checkNames = Object.keys(checks) as readonly CheckName[];

const checksOf = new WeakMap<MessageShape, readonly CheckName[]>();

function concerning(shape: MessageShape): readonly CheckName[] {
  let names = checksOf.get(shape);
  if (names === undefined) {
    names = checkNames.filter((name) => checks[name].concerns(shape));
    checksOf.set(shape, names);
  }
  return names;
}

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
  const found: string[] = [];
  walk(shapeOfTypeUrl(typeName), message, (place) => {
    for (const name of concerning(place.shape)) {
      if (skip.has(name)) continue;
      for (const { path, text } of checks[name].problems(place))
        found.push(sentence(joinPath(pathOf(place), path), text));
    }
  });
  return found;
}

function sentence(path: string, text: string): string {
  return path === '' ? text : `${path}: ${text}`;
}
