// The requests of authorization rules in the mesh's own words, by where the rule holds.
import type { RuleIr } from '../../../ir/inbound.ts';
import type { RequestIr, RuleHeaderIr, RulePathIr } from '../../../ir/request.ts';
import { byText } from '../../../values/compare-text.ts';
import type { Protocol } from '../../facts/protocol.ts';
import { translatePath } from '../path-match.ts';
import type { Rule } from './rule.ts';
import { sortedUnique } from './callers.ts';

/** Where a rule is to hold. */
export interface Place {
  readonly protocol: Protocol;
  /** null: all ports that are not known. */
  readonly port: number | null;
  /** Those that are told apart. */
  readonly knownPorts: { has(port: number): boolean };
}

type Request = Rule['to'][number];
type Excluded = NonNullable<Request['not']>;

/** null: no request there. */
export function requestsOf({ to, action }: Rule, place: Place): RuleIr['requests'] | null {
  if (to.length === 0) return 'any';
  const here = to.filter((request) => isAbout(request, action, place));
  // A connection has no request: an Allow rule that asks for one cannot match, and a Deny rule refuses without looking at it.
  const asking = here.filter(asksForRequest);
  const left =
    place.protocol === 'TCP' && action === 'Allow' ? here.filter((one) => !asksForRequest(one)) : here;
  if (left.length === 0) return null;
  const isAny = place.protocol === 'TCP' || left.length > asking.length;
  return isAny ? 'any' : left.map(translateRequest);
}

/** Whether it depends on more than the port. */
export function asksForRequest({ not, ...request }: Request): boolean {
  return hasFields(request) || (not !== undefined && hasFields(not));
}

function hasFields({ methods, paths, hosts, headers }: Omit<Excluded, 'ports'>): boolean {
  return methods.length + paths.length + hosts.length + headers.length > 0;
}

/** Of ports that are not known, the one that a rule names may be any. */
function isAbout({ ports, not }: Request, action: Rule['action'], { port, knownPorts }: Place): boolean {
  const excluded = not?.ports ?? [];
  if (port !== null) return (ports.length === 0 || ports.includes(port)) && !excluded.includes(port);
  const mayBeHere = (one: number): boolean => !knownPorts.has(one);
  if (action === 'Deny') return ports.length === 0 || ports.some(mayBeHere);
  return ports.length === 0 && !excluded.some(mayBeHere);
}

function translateRequest({ methods, paths, hosts, headers, not }: Request): RequestIr {
  return {
    methods: methods.length === 0 ? 'any' : sortedUnique(methods),
    paths: paths.length === 0 ? 'any' : translatePaths(paths),
    hosts: hosts.length === 0 ? 'any' : sortedUnique(hosts),
    headers: translateHeaders(headers),
    not: not === undefined || !hasFields(not) ? null : translateExcluded(not),
  };
}

function translateExcluded({ methods, paths, hosts, headers }: Excluded): RequestIr['not'] {
  return {
    methods: sortedUnique(methods),
    paths: translatePaths(paths),
    hosts: sortedUnique(hosts),
    headers: translateHeaders(headers),
  };
}

/** Sorted, each once. */
function translatePaths(paths: readonly RulePathIr[]): readonly RulePathIr[] {
  const unique = new Map(paths.map(translateRulePath).map((path) => [pathKey(path), path]));
  return [...unique.values()].toSorted(byText(pathKey));
}

function translateRulePath(path: RulePathIr): RulePathIr {
  return { ...translatePath(path), ignoreCase: path.ignoreCase };
}

function pathKey({ type, value, ignoreCase }: RulePathIr): string {
  return `${type} ${value} ${ignoreCase}`;
}

function translateHeaders(headers: Request['headers']): readonly RuleHeaderIr[] {
  return headers
    .map(({ name, type, value = '' }) => ({ name: name.toLowerCase(), type, value }))
    .toSorted(byText(({ name, type, value }) => `${name} ${type} ${value}`));
}
