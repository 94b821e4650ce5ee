// The arguments of `meshwright explain`, and the lines of a file of calls, which are written like them. Pure.
import { parseArgs } from 'node:util';
import { Duration, durationMs } from '../../api/duration.ts';
import type { GivenToken } from './access/token.ts';
import { describedToken } from './access/described-token.ts';
import { type Question, QuestionError } from './question.ts';
import type { Output } from './report.ts';

export const explainHelp = `Usage: meshwright explain --from <namespace/name> --to <host:port> [[<method>] <path>] [-H '<name>: <value>']...
       meshwright explain --calls <file>

Tells what the sidecars of a call do with it, whether it is let in, and which field of which object says so.

  --from <namespace/name>   the caller: a pod, the beginning of its name, an ExternalWorkload, or a service account; or an
                            address, for a caller without a sidecar
  --to <host:port>          whom it calls: a Service, as the caller writes it, or an address (default port: 80)
  --sni <name>              the server name in the TLS handshake of the caller (default: the host of --to)
  -H, --header <header>     a header of the request; may be repeated
  --token <token>           a token of the end user; it is sent where the server looks for it
  --claims <json>           the same for a valid token with these claims: {"iss": "https://issuer.example", "sub": "ann"}
  --calls <file>            explain every call in this file: on each line the arguments of one call; # begins a comment
  --files <path>            read manifests from this folder or file instead of a cluster
  --diff <path>             which of the calls would change if the manifests in this folder or file were applied
  --kubeconfig <path>       kubeconfig of the cluster (default: as kubectl finds it)
  --timeout <duration>      how long the API server may take to list everything (default: 30s)
  -o, --output text|json    (default: text)
  --help                    print this help

Exit codes: 0: the calls arrive. 1: a call gets an error from the mesh. 2: there is no such call, or the manifests have a mistake.
3: the sidecar of a server refuses a call.
With --diff: 0: no call changes. 1: at least one changes. 2: as above.
`;

export interface CommandLine {
  readonly help: boolean;
  /** In place of --calls: what is asked here. Null: nothing. */
  readonly question: Question | null;
  readonly calls: string | null;
  /** Null: a cluster. */
  readonly files: string | null;
  readonly diff: string | null;
  readonly kubeconfig: string | null;
  readonly timeoutMs: number;
  readonly output: Output;
}

const callOptions = {
  from: { type: 'string' },
  to: { type: 'string' },
  sni: { type: 'string' },
  header: { type: 'string', short: 'H', multiple: true },
  token: { type: 'string' },
  claims: { type: 'string' },
} as const;

const allOptions = {
  ...callOptions,
  calls: { type: 'string' },
  files: { type: 'string' },
  diff: { type: 'string' },
  kubeconfig: { type: 'string' },
  timeout: { type: 'string' },
  output: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws QuestionError, or what parseArgs throws */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({ args: [...args], options: allOptions, allowPositionals: true });
  const {
    calls = null,
    files = null,
    diff = null,
    kubeconfig = null,
    timeout = '30s',
    help = false,
  } = values;
  const question = help ? null : ownQuestion(values, positionals);
  return {
    help,
    question,
    calls,
    files,
    diff,
    kubeconfig,
    timeoutMs: timeoutOf(timeout),
    output: outputOf(values.output),
  };
}

/** Null: the calls stand in a file. */
function ownQuestion(
  values: CallValues & { calls?: string | undefined },
  positionals: readonly string[],
): Question | null {
  if (values.calls === undefined) return questionOf(values, positionals);
  if (positionals.length > 0)
    throw new QuestionError('--calls takes its calls from the file. Leave out the method and the path.');
  return null;
}

export function timeoutOf(text: string): number {
  const { success } = Duration.safeParse(text);
  if (success) return durationMs(text);
  throw new QuestionError(`--timeout ${text} is not a duration. Write it as 30s or 1m30s.`);
}

export function outputOf(output = 'text'): Output {
  if (output === 'text' || output === 'json') return output;
  throw new QuestionError(`--output ${output} is unknown. Use text or json.`);
}

/** The questions in the text of a file. @throws QuestionError that names the line */
export function parseCalls(text: string): readonly Question[] {
  return text.split('\n').flatMap((line, index) => {
    try {
      const words = wordsOf(line);
      if (words.length === 0) return [];
      const { values, positionals } = parseArgs({
        args: words,
        options: callOptions,
        allowPositionals: true,
      });
      return [questionOf(values, positionals)];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new QuestionError(`Line ${index + 1}: ${reason}`, { cause: error });
    }
  });
}

interface CallValues {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly sni?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly token?: string | undefined;
  readonly claims?: string | undefined;
}

function questionOf(values: CallValues, positionals: readonly string[]): Question {
  const { from, to, sni, header = [] } = values;
  if (from === undefined)
    throw new QuestionError('--from is missing. Name the caller: --from shop/productpage.');
  if (to === undefined) throw new QuestionError('--to is missing. Name whom it calls: --to reviews:9080.');
  const [first = '/', second, ...more] = positionals;
  if (more.length > 0) throw new QuestionError('Write one method and one path: GET /reviews/1.');
  const [method, path] = second === undefined ? methodOrPath(first) : [first, second];
  if (!path.startsWith('/')) throw new QuestionError(`The path ${path} does not begin with a slash.`);
  if (/[#\s]/.test(path))
    throw new QuestionError(
      `The path ${path} has a space or a #, which no client sends. Encode it: %20, %23.`,
    );
  const token = tokenOf(values);
  return {
    from,
    to,
    ...(sni !== undefined && { sni }),
    method,
    path,
    headers: header.map(headerOf),
    ...(token !== null && { token }),
  };
}

/** Null: the request has none but what its headers say. */
function tokenOf({ token, claims }: CallValues): GivenToken | null {
  if (token !== undefined && claims !== undefined)
    throw new QuestionError('--token and --claims both describe the token. Leave out one of them.');
  if (token !== undefined) return { text: token.trim(), isGenuine: false };
  if (claims === undefined) return null;
  const described = describedToken(claims);
  if (described !== null) return described;
  throw new QuestionError(
    `--claims ${claims} is not a JSON object with the issuer. Write it as {"iss": "https://issuer.example", "sub": "ann"}.`,
  );
}

function methodOrPath(word: string): readonly [method: string, path: string] {
  return word.startsWith('/') ? ['GET', word] : [word, '/'];
}

function headerOf(text: string): readonly [string, string] {
  const at = text.indexOf(':');
  if (at < 1) throw new QuestionError(`Header ${text} has no colon. Write it as 'name: value'.`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** As a shell reads them, as far as quotes go. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:(#.*)|((?:'[^']*'|"[^"]*"|[^\s'"])+))/gy;
  for (const [, comment, word = ''] of line.matchAll(pattern)) {
    if (comment !== undefined) break;
    words.push(
      word.replaceAll(
        /'([^']*)'|"([^"]*)"/g,
        (_, single?: string, double?: string) => single ?? double ?? '',
      ),
    );
  }
  if (words.length === 0 && line.trim() !== '' && !line.trim().startsWith('#'))
    throw new QuestionError('A quote is not closed.');
  return words;
}
