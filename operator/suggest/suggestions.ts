// The least that policies have to allow for what was seen. Pure.
import { byText } from '../values/compare-text.ts';
import type { Seen } from './seen.ts';
import type { Target } from './targets.ts';

/** One policy. */
export interface Suggestion {
  readonly target: Target;
  readonly rules: readonly SuggestedRule[];
  /** Without an identity: no rule can name them. Address → how many calls. */
  readonly unidentified: ReadonlyMap<string, number>;
}

/** Callers with the same calls. */
export interface SuggestedRule {
  /** SPIFFE ID → how many calls. */
  readonly callers: ReadonlyMap<string, number>;
  readonly ports: readonly number[];
  /** Empty: any, or not known. */
  readonly methods: readonly string[];
  /** Prefixes. Empty: any, or not known. */
  readonly paths: readonly string[];
}

export interface Suggestions {
  readonly suggestions: readonly Suggestion[];
  /** Keys or addresses of workloads that no policy can target, or that are gone. */
  readonly withoutTarget: readonly string[];
}

/** What a rule may have at most. */
const most = { ports: 16, methods: 9, paths: 8 } as const;

export function suggest(
  all: readonly Seen[],
  targetOf: (seen: Pick<Seen, 'workload' | 'address'>) => Target | null,
): Suggestions {
  const byTarget = new Map<string, { readonly target: Target; readonly seen: Seen[] }>();
  const withoutTarget = new Set<string>();
  for (const seen of all) {
    const target = targetOf(seen);
    if (target === null) {
      withoutTarget.add((seen.workload ?? seen.address ?? '').replaceAll(/[^!-~]/g, '?'));
      continue;
    }
    const key = `${target.namespace}/${target.kind}/${target.name}`;
    const known = byTarget.get(key) ?? { target, seen: [] };
    byTarget.set(key, known);
    known.seen.push(seen);
  }
  return {
    suggestions: [...byTarget]
      .toSorted(byText(([key]) => key))
      .map(([, { target, seen }]) => suggestionFor(target, seen)),
    withoutTarget: [...withoutTarget].toSorted(),
  };
}

function suggestionFor(target: Target, all: readonly Seen[]): Suggestion {
  const unidentified = new Map<string, number>();
  const callers = new Map<string, Seen[]>();
  for (const seen of all) {
    const { caller, count } = seen;
    if (caller.startsWith('spiffe://')) callers.set(caller, [...(callers.get(caller) ?? []), seen]);
    else unidentified.set(caller, count + (unidentified.get(caller) ?? 0));
  }
  const rules = new Map<string, SuggestedRule & { readonly callers: Map<string, number> }>();
  for (const [caller, seen] of [...callers].toSorted(byText(([name]) => name))) {
    for (const calls of callsOf(seen)) {
      const key = JSON.stringify(calls);
      const rule = rules.get(key) ?? { ...calls, callers: new Map<string, number>() };
      rules.set(key, rule);
      const counted = seen.filter((it) => calls.ports.includes(it.port));
      rule.callers.set(
        caller,
        counted.reduce((sum, { count }) => sum + count, 0),
      );
    }
  }
  return { target, rules: [...rules.values()], unidentified };
}

type Calls = Pick<SuggestedRule, 'ports' | 'methods' | 'paths'>;

/** Of one caller: ports of requests that were seen as such, and all others, of which only the port can be said. */
function callsOf(seen: readonly Seen[]): readonly Calls[] {
  const closer = seen.filter(({ request }) => request !== null);
  const ports = (of: readonly Seen[]): number[] =>
    [...new Set(of.map(({ port }) => port))].toSorted((a, b) => a - b).slice(0, most.ports);
  const other = ports(seen.filter(({ request }) => request === null));
  const known = ports(closer).filter((port) => !other.includes(port));
  const requests = closer.filter(({ port }) => known.includes(port)).flatMap(({ request }) => request ?? []);
  return [
    ...(other.length > 0 ? [{ ports: other, methods: [], paths: [] }] : []),
    ...(known.length > 0
      ? [
          {
            ports: known,
            methods: few(
              requests.map(({ method }) => method),
              most.methods,
            ),
            paths: few(
              requests.map(({ path }) => prefixOf(path)),
              most.paths,
            ),
          },
        ]
      : []),
  ];
}

/** None, which is any, if there are more. */
function few(all: readonly string[], limit: number): readonly string[] {
  const different = [...new Set(all)].toSorted();
  return different.length > limit || different.includes('') ? [] : different;
}

/** The first segment; '' if rules cannot be sure of it. */
function prefixOf(path: string): string {
  const [first = ''] = /^\/[A-Za-z0-9._~-]*/.exec(path) ?? [];
  const isPlain = first === path || /^[/?]/.test(path.slice(first.length));
  return !isPlain || /^\/\.*$/.test(first) ? '' : first;
}
