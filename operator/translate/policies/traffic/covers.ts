// Whether a match takes every request that another one would take: then a route with the other one, later in the list, gets none of
// them. Sound, not complete: true is a proof, false says nothing. Pure.
import type { RouteMatchIr, ValueMatchIr } from '../../../ir/route.ts';
import type { CallersClaim, MatchClaim } from './claims.ts';

export function covers(earlier: MatchClaim, later: MatchClaim): boolean {
  const [a, b] = [earlier.match, later.match];
  return (
    coversCallers(earlier.from, later.from) &&
    (a.method === null || a.method === b.method) &&
    (!a.grpc || b.grpc) &&
    coversPath(a.path, b.path) &&
    coversHosts(a.hostnames, b.hostnames) &&
    a.headers.every((wanted) => b.headers.some((given) => impliesHeader(given, wanted))) &&
    a.queryParameters.every((wanted) => b.queryParameters.some((given) => impliesParameter(given, wanted)))
  );
}

function coversCallers(a: CallersClaim | null, b: CallersClaim | null): boolean {
  if (a === null) return true;
  if (b === null) return false;
  const isInNamespaces = (name: string): boolean => a.namespaces.includes(name);
  return (
    b.namespaces.every(isInNamespaces) &&
    b.serviceAccounts.every(
      (account) => a.serviceAccounts.includes(account) || isInNamespaces(account.split('/')[0] ?? ''),
    )
  );
}

type Path = RouteMatchIr['path'];

/** Paths in which nothing is encoded have one spelling; others are compared as a whole only. */
const plain = /^[\w.~!$&'()*+,;=:@/-]+$/;

function coversPath(a: Path, b: Path): boolean {
  if (a === null || (a.type === 'PathPrefix' && a.value === '/')) return startOf(b).startsWith('/');
  if (b === null) return false;
  if (a.type === b.type && a.value === b.value) return true;
  if (a.type === 'PathPrefix') return plain.test(a.value) && isBelow(b, a.value);
  return a.type === 'RegularExpression' && b.type === 'Exact' && isOpenExpressionFor(a.value, b.value);
}

function isBelow(path: NonNullable<Path>, prefix: string): boolean {
  const start = startOf(path);
  return start.startsWith(`${prefix}/`) || (path.type !== 'RegularExpression' && start === prefix);
}

/** What all its paths begin with; '' if that is not known. `OPTIONS *` is the one request whose path does not begin with a slash. */
function startOf(path: Path): string {
  if (path === null) return '/';
  if (path.type !== 'RegularExpression') return plain.test(path.value) ? path.value : '/';
  return path.value.includes('|') ? '' : (/^\^?((?:[\w/-](?![?*{]))*)/.exec(path.value)?.[1] ?? '');
}

/** `/reviews/.*` for `/reviews/1`. Of other expressions only equal ones are known to match the same. */
function isOpenExpressionFor(expression: string, path: string): boolean {
  const start = /^\^?([\w/-]*)\.\*\$?$/.exec(expression)?.[1];
  return start !== undefined && plain.test(path) && path.startsWith(start);
}

function coversHosts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0) return true;
  const isCovered = (host: string): boolean =>
    a.some((one) => one === host || (one.startsWith('*.') && host.endsWith(one.slice(1))));
  return b.length > 0 && b.every(isCovered);
}

/** Whether the second holds for every request for which the first does. */
function impliesHeader(given: ValueMatchIr, wanted: ValueMatchIr): boolean {
  if (given.name.toLowerCase() !== wanted.name.toLowerCase()) return false;
  if (isSame(given, wanted)) return true;
  if (wanted.type === 'Present') return !wanted.not && !given.not;
  if (wanted.type !== 'Exact' || !wanted.not) return false;
  // A header that is missing counts as an empty value.
  if (given.type === 'Present') return given.not && wanted.value !== '';
  return given.type === 'Exact' && !given.not && given.value !== wanted.value;
}

function impliesParameter(given: ValueMatchIr, wanted: ValueMatchIr): boolean {
  if (given.name !== wanted.name) return false;
  return isSame(given, wanted) || (wanted.type === 'Present' && !wanted.not && !given.not);
}

function isSame(a: ValueMatchIr, b: ValueMatchIr): boolean {
  return a.type === b.type && a.value === b.value && a.not === b.not;
}
