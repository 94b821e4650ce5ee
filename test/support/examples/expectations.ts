// What stands at the head of an example: calls, as curl makes them, and what is to come of them. Pure. Entry: expectationsOf.
//   curl -H 'x-group: test' http://reviews:9080/reviews/1   # 200 from v2
// The caller is productpage; `qa$ curl …`: a workload of namespace qa; `plain$ curl …`: one without a sidecar. `-b jar -c jar` keeps the cookies of all calls that have it.
// After a line `kubectl … scale deployment reviews-v4 --replicas 1`, another version has just begun to run. A line `ANN=text` before them names a text: `-H "authorization: Bearer $ANN"`.
// Grammar of a comment: a status, then any of `from v1`, `from v1 (90%) and v2 (10%)`, `after 2s`, `within 1s`, `with x-a: b` (a header of the response),
// `seeing x-a: b` (a header that the application saw; `path` and `method` are that of the request), `copied to v2`, `logged a: b` (in the access log of
// ratings), separated by commas. Or, of several calls: `200 from the same version each time`, `soon 200 each time`, `of 5 at once: 200 (1) and 503 (4)`,
// `of 5 at once: 200 and 503` (some of each), `of 40 in turn: 200 (35 to 37) and 500 (3 to 5)`, `of 40 in turn: 200 (40), on 10 connections or more`.

export interface Expectation {
  readonly line: string;
  readonly call: ExampleCall;
  readonly status: number;
  /** Versions that answer; empty: any, or nobody. */
  readonly from: readonly { readonly version: string; readonly percentage: number }[];
  /** At least so long after the call. */
  readonly afterMs: number;
  /** At most so long after it. */
  readonly withinMs: number;
  readonly response: readonly Pair[];
  readonly seen: readonly Pair[];
  /** Versions that get a copy. */
  readonly copiedTo: readonly string[];
  /** Of the authorization in the access log of ratings. */
  readonly logged: readonly Pair[];
  /** Whichever version answers first answers always. */
  readonly isSteady: boolean;
  /** It may take seconds until it is so. */
  readonly isSoon: boolean;
  /** Just after another version began to run. */
  readonly isScaled: boolean;
  /** What comes of several calls; null: there is one. */
  readonly several: SeveralCalls | null;
}

export interface SeveralCalls {
  readonly count: number;
  readonly atOnce: boolean;
  /** Status → how often: one of these; empty: at least once. */
  readonly statuses: Readonly<Record<string, readonly number[]>>;
  /** Of the application, at least. */
  readonly connections: number;
}

export type Pair = readonly [name: string, value: string];

/** By the namespace of who calls: productpage in shop, tester in qa; plain: whoever has no sidecar. */
export type Caller = 'shop' | 'qa' | 'plain';

export interface ExampleCall {
  readonly from: Caller;
  readonly method: string;
  /** Service that is called. */
  readonly service: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Cookies are kept, and sent the next time. */
  readonly jar: boolean;
}

const scaleLine = /^# {2,}kubectl -n shop scale deployment reviews-v4 --replicas 1$/;
const callLine =
  /^# {2,}(?:(?<who>qa|plain)\$ )?curl (?<options>.*?)'?http:\/\/(?<service>[a-z-]+)(?:\.shop)?:\d+(?<path>\/[^\s']*)'? +# (?<outcome>.+)$/;

/** @throws Error for a line that begins like a call and is none */
export function expectationsOf(example: string): readonly Expectation[] {
  const texts = new Map(
    [...example.matchAll(/^# +([A-Z]+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const lines = example.split('\n');
  const scaledAt = lines.findIndex((line) => scaleLine.test(line));
  return lines.flatMap((line, index) => {
    if (!/^#\s+(\w+\$ )?curl /.test(line)) return [];
    const { who, options, service, path, outcome } = callLine.exec(line)?.groups ?? {};
    if (options === undefined || service === undefined || path === undefined || outcome === undefined)
      throw new Error(`not a call with its outcome: ${line}`);
    const written = options.replaceAll(/\$([A-Z]+)/g, (_, text: string) => texts.get(text) ?? '');
    return {
      line,
      call: { from: callerOf(who), ...optionsOf(written, line), service, path },
      ...outcomeOf(outcome, line),
      isScaled: scaledAt >= 0 && index > scaledAt,
    };
  });
}

/** @param who what stands before the `$` of a line */
export function callerOf(who: string | undefined): Caller {
  return who === 'qa' || who === 'plain' ? who : 'shop';
}

function optionsOf(text: string, line: string): Pick<ExampleCall, 'method' | 'headers' | 'jar'> {
  const headers: Record<string, string> = {};
  let method = 'GET';
  const jar = text.startsWith('-b jar -c jar ');
  const rest = text
    .replace('-b jar -c jar ', '')
    .replaceAll(/-(X) (\w+)|-(H) ['"]([\w-]+): ([^'"]*)['"]/g, (_, ...found: string[]) => {
      const [isMethod, verb = '', , name = '', value = ''] = found;
      if (isMethod === 'X') method = verb;
      else headers[name] = value;
      return '';
    });
  if (rest.trim() !== '') throw new Error(`an option that nobody knows, ${rest.trim()}: ${line}`);
  return { method, headers, jar };
}

type Outcome = Omit<Expectation, 'line' | 'call' | 'isScaled'>;

function outcomeOf(text: string, line: string): Outcome {
  const several = severalOf(text, line);
  if (several !== null) return { ...nothing, several };
  const [, soon] = /^soon (\d{3}) each time$/.exec(text) ?? [];
  if (soon !== undefined) return { ...nothing, status: Number(soon), isSoon: true };
  const [, status, rest = ''] = /^(\d{3})(?: (.*))?$/.exec(text) ?? [];
  if (status === undefined) throw new Error(`no status: ${line}`);
  let outcome: Outcome = { ...nothing, status: Number(status) };
  for (const part of rest === '' ? [] : rest.split(/, (?=from|after|within|with|seeing|copied|logged)/)) {
    outcome = { ...outcome, ...partOf(part, outcome, line) };
  }
  return outcome;
}

const nothing: Outcome = {
  status: 0,
  from: [],
  afterMs: 0,
  withinMs: Infinity,
  response: [],
  seen: [],
  copiedTo: [],
  logged: [],
  isSteady: false,
  isSoon: false,
  several: null,
};

const severalCalls =
  /^of (?<count>\d+) (?<how>at once|in turn): (?<statuses>[^,]+)(?:, on (?<connections>\d+) connections or more)?$/;

function severalOf(text: string, line: string): SeveralCalls | null {
  const { count, how, statuses, connections = '1' } = severalCalls.exec(text)?.groups ?? {};
  if (statuses === undefined) return null;
  return {
    count: Number(count),
    atOnce: how === 'at once',
    statuses: Object.fromEntries(statuses.split(' and ').map((one) => timesOf(one, line))),
    connections: Number(connections),
  };
}

function timesOf(text: string, line: string): [status: string, times: readonly number[]] {
  const [, status, times] = /^(\d{3})(?: \((\d+(?: to \d+)?)\))?$/.exec(text) ?? [];
  if (status === undefined) throw new Error(`not a status: ${line}`);
  if (times === undefined) return [status, []];
  const [least = 0, most = least] = times.split(' to ').map(Number);
  return [status, Array.from({ length: most - least + 1 }, (_, index) => least + index)];
}

function partOf(part: string, { response, seen, logged }: Outcome, line: string): Partial<Outcome> {
  const [, word, said = ''] = /^(from|after|within|with|seeing|copied to|logged) (.+)$/.exec(part) ?? [];
  switch (word) {
    case 'from':
      if (said === 'the same version each time') return { isSteady: true };
      return { from: said.split(' and ').map((one) => shareOf(one, line)) };
    case 'after':
      return { afterMs: Number.parseFloat(said) * 1000 };
    case 'within':
      return { withinMs: Number.parseFloat(said) * 1000 };
    case 'copied to':
      return { copiedTo: said.split(' and ') };
    case 'with':
      return { response: [...response, pairOf(said, line)] };
    case 'seeing':
      return { seen: [...seen, pairOf(said, line)] };
    case 'logged':
      return { logged: [...logged, pairOf(said, line)] };
    default:
      throw new Error(`an outcome that nobody knows, ${part}: ${line}`);
  }
}

function shareOf(text: string, line: string): Outcome['from'][number] {
  const [, version, percentage = '100'] = /^(\S+)(?: \((\d+)%\))?$/.exec(text) ?? [];
  if (version === undefined) throw new Error(`not a version: ${line}`);
  return { version, percentage: Number(percentage) };
}

function pairOf(text: string, line: string): Pair {
  const at = text.indexOf(': ');
  if (at < 1) throw new Error(`not a header: ${line}`);
  return [text.slice(0, at), text.slice(at + 2)];
}
