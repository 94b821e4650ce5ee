// Mistakes that users make in a policy. Each makes a valid one wrong: it has to be refused, or a condition has to say so. Entry: mistakes.
import * as fc from 'fast-check';

type Key = string | number;
type Path = readonly Key[];
type Spec = Readonly<Record<string, unknown>>;

export interface Mistake {
  readonly name: string;
  /** undefined: there is no place for it. pick: chooses one of several. */
  readonly make: (spec: Spec, pick: <T>(all: readonly T[]) => T | undefined) => unknown;
}

/** Of one kind after the other; the spec that has the mistake, and its name. */
export function mistaken(
  spec: Spec,
  kind: number,
  seeds: readonly number[],
): { readonly name: string; readonly spec: unknown } {
  let used = 0;
  const pick = <T>(all: readonly T[]): T | undefined => all[(seeds[used++ % seeds.length] ?? 0) % all.length];
  for (let tried = 0; tried < mistakes.length; tried += 1) {
    const mistake = mistakes[(kind + tried) % mistakes.length];
    const made = mistake?.make(spec, pick);
    if (mistake !== undefined && made !== undefined) return { name: mistake.name, spec: made };
  }
  throw new Error('every policy has a target that can be misspelt');
}

export const choices: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(), { minLength: 4, maxLength: 4 });

const namesOfUsers = new Set(['matchLabels']);

const mistakes: readonly Mistake[] = [
  {
    name: 'a misspelt field',
    make: (spec, pick) => {
      const path = pick(placesOf(spec).filter((one) => typeof one.at(-1) === 'string' && !isUsers(one)));
      if (path === undefined) return undefined;
      const key = String(path.at(-1));
      const value = valueAt(spec, path);
      return edited(
        edited(spec, path, () => undefined),
        [...path.slice(0, -1), `${key}${key.at(-1) ?? ''}`],
        () => value,
      );
    },
  },
  {
    name: 'a misspelt value of an enumeration',
    make: (spec, pick) =>
      at(
        spec,
        pick,
        ({ key, value }) => enumerations.has(key) && typeof value === 'string',
        (value) => `${String(value)}s`,
      ),
  },
  {
    name: 'a value of another type',
    make: (spec, pick) => at(spec, pick, ({ path }) => !isUsers(path), ofAnotherType),
  },
  {
    name: 'a number out of its range',
    make: (spec, pick) =>
      at(
        spec,
        pick,
        ({ value }) => typeof value === 'number',
        () => pick([-1, 5_000_000_000]),
      ),
  },
  {
    name: 'a duration that is none',
    make: (spec, pick) =>
      at(
        spec,
        pick,
        ({ key, value }) => durations.has(key) && typeof value === 'string',
        () => pick(['-1s', '5 minutes', '5', '999999999h']),
      ),
  },
  {
    name: 'a subset that is not declared',
    make: (spec, pick) =>
      at(
        spec,
        pick,
        ({ path }) => path.at(-1) === 'subset',
        () => 'nobody',
      ),
  },
  {
    name: 'a target that does not exist',
    make: (spec) => ({ ...spec, targetRefs: [{ kind: 'Service', name: 'nobody' }] }),
  },
  {
    name: 'a port that the target does not have',
    make: (spec) => ({
      ...spec,
      targetRefs: listIn(spec, 'targetRefs').map((one) => ({ ...one, port: 81 })),
    }),
  },
  {
    name: 'no target',
    make: (spec) => ({ ...spec, targetRefs: [] }),
  },
  {
    name: 'one target twice',
    make: (spec) => ({ ...spec, targetRefs: [...listIn(spec, 'targetRefs'), ...listIn(spec, 'targetRefs')] }),
  },
  {
    name: 'a route behind one for everything',
    make: (spec) => {
      const [route, ...others] = listIn(spec, 'routes');
      // Of an expression it is not always certain that it matches what the other route takes.
      const behind = { ...route, matches: [{ path: { type: 'PathPrefix', value: '/behind' } }] };
      return route === undefined
        ? undefined
        : { ...spec, routes: [{ name: 'everything' }, behind, ...others.slice(0, 14)] };
    },
  },
  {
    name: 'two routes of one name',
    make: (spec) => {
      const [route] = listIn(spec, 'routes');
      return route === undefined
        ? undefined
        : {
            ...spec,
            routes: [
              { ...route, name: 'one' },
              { ...route, name: 'one' },
            ],
          };
    },
  },
  {
    name: 'a route that answers and forwards',
    make: (spec) => {
      const [route, ...others] = listIn(spec, 'routes').filter(
        ({ redirect, respond }) => redirect === undefined && respond === undefined,
      );
      const both = { ...route, backends: [{ weight: 1 }], respond: { status: 200 } };
      return route === undefined ? undefined : { ...spec, routes: [both, ...others] };
    },
  },
  {
    name: 'weights of zero only',
    make: (spec) => {
      const [route, ...others] = listIn(spec, 'routes').filter(
        ({ redirect, respond }) => redirect === undefined && respond === undefined,
      );
      return route === undefined
        ? undefined
        : { ...spec, routes: [{ ...route, backends: [{ weight: 0 }] }, ...others] };
    },
  },
  {
    name: 'a try that may take longer than the request',
    make: (spec) => ({ ...spec, timeout: { request: '1s' }, retry: { attempts: 2, perTryTimeout: '2s' } }),
  },
  {
    name: 'routes for a Namespace',
    make: (spec) =>
      listIn(spec, 'routes').length === 0
        ? undefined
        : { ...spec, targetRefs: [{ kind: 'Namespace', name: 'shop' }] },
  },
];

export const mistakeNames = mistakes.map(({ name }) => name);

const enumerations = new Set(['kind', 'type', 'retryOn', 'grpcCodes', 'grpcStatus', 'scheme']);
const durations = new Set([
  'request',
  'perTryTimeout',
  'duration',
  'base',
  'max',
  'interval',
  'baseEjectionTime',
  'connectTimeout',
  'maxAge',
  'idleTimeout',
  'window',
]);

interface Place {
  readonly path: Path;
  /** Of the field, or of the list that it stands in. */
  readonly key: string;
  readonly value: unknown;
}

/** The spec with another value at one of these places. */
function at(
  spec: Spec,
  pick: <T>(all: readonly T[]) => T | undefined,
  isMeant: (place: Place) => boolean,
  edit: (value: unknown) => unknown,
): unknown {
  const all = placesOf(spec).map((path): Place => {
    const key = String(path.findLast((part) => typeof part === 'string'));
    return { path, key, value: valueAt(spec, path) };
  });
  const place = pick(all.filter(isMeant));
  return place === undefined ? undefined : edited(spec, place.path, edit);
}

function ofAnotherType(value: unknown): unknown {
  if (typeof value === 'string') return { value };
  return typeof value === 'object' ? 'text' : [value];
}

/** Below it, names are what users like. */
function isUsers(path: Path): boolean {
  return path.slice(0, -1).some((part) => namesOfUsers.has(String(part)));
}

function listIn(spec: Spec, field: string): readonly Spec[] {
  const found = spec[field];
  return Array.isArray(found) ? (found as readonly Spec[]) : [];
}

function placesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys: readonly Key[] = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  const below = keys.flatMap((key) => placesOf(Reflect.get(value, key), [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce(
    (value: unknown, key) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
    root,
  );
}

/** A copy; undefined takes the value out. */
function edited(root: unknown, path: Path, edit: (value: unknown) => unknown): unknown {
  const copy: unknown = structuredClone(root);
  const parent = valueAt(copy, path.slice(0, -1)) as object;
  const key = path.at(-1) ?? '';
  const value = edit(Reflect.get(parent, key));
  if (value === undefined) Reflect.deleteProperty(parent, key);
  else Reflect.set(parent, key, value);
  return copy;
}
