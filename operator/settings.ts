// The one reader of the process's arguments and environment. Entry: readSettings, a pure function of both;
// processSettings applies it to this process. It touches no file and opens nothing.
import { parseArgs } from 'node:util';

export interface ListenAddress {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export type PlatformSettings =
  /** `kubeconfig`: path; undefined = what kubectl would take, or the pod's own service account. */
  | { readonly kind: 'kubernetes'; readonly kubeconfig: string | undefined }
  /** `files`: the folder of YAML that is watched; `state`: the folder for statuses, certificates and keys. */
  | { readonly kind: 'files'; readonly files: string; readonly state: string };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Checks of our own that may be left to Envoy, to show what a NACK does. */
export const skippableChecks = ['re2'] as const;
export type SkippableCheck = (typeof skippableChecks)[number];

export interface Settings {
  /** --help was given: print helpText and end; nothing else was asked for. */
  readonly help: boolean;
  readonly platform: PlatformSettings;
  /** The operator's own namespace: its root, its Lease. */
  readonly namespace: string;
  readonly xdsAddress: ListenAddress;
  readonly adminAddress: ListenAddress;
  readonly logLevel: LogLevel;
  readonly skipChecks: readonly SkippableCheck[];
  /** Written with {"xdsPort","adminPort","pid"} once everything is ready. */
  readonly readyFile: string | undefined;
}

/** What is wrong with arguments and environment: full sentences, one for each mistake. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

export const helpText = `Usage: meshwright [options]

  --platform kubernetes|files   where services and policies come from (default: kubernetes)
  --files <folder>              files platform: the folder of YAML to watch
  --state <folder>              files platform: where statuses, certificates and keys are kept
  --kubeconfig <path>           kubernetes platform: default is what kubectl would take, or the pod's service account
  --namespace <name>            the operator's own namespace (default: $POD_NAMESPACE, or meshwright-system)
  --xds-address <host:port>     where sidecars connect; port 0 = any free port
                                (default: 0.0.0.0:15012; on the files platform 127.0.0.1:0)
  --admin-address <host:port>   health, metrics, debug; port 0 = any free port (default: 127.0.0.1:8080)
  --log-level <level>           ${logLevels.join(', ')} (default: info)
  --skip-check <check>          leave a check of ours to Envoy; may be repeated: ${skippableChecks.join(', ')}
  --ready-file <path>           write {"xdsPort","adminPort","pid"} there as JSON once ready
  --help                        this text
`;

const options = {
  platform: { type: 'string' },
  files: { type: 'string' },
  state: { type: 'string' },
  kubeconfig: { type: 'string' },
  namespace: { type: 'string' },
  'xds-address': { type: 'string' },
  'admin-address': { type: 'string' },
  'log-level': { type: 'string' },
  'skip-check': { type: 'string', multiple: true },
  'ready-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
type OptionName = keyof typeof options;

/** Given options by name, in the order given; what is wrong goes to `problems`. */
type Given = ReadonlyMap<OptionName, readonly string[]>;

/**
 * Settings from the arguments after the program's name and from environment variables (POD_NAMESPACE).
 * @throws SettingsError with all mistakes at once; --help wins over them.
 */
export function readSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const problems: string[] = [];
  const given = readArguments(argv, problems);
  const last = (name: OptionName): string | undefined => given.get(name)?.at(-1);
  const platform = readPlatform(given, problems);
  const settings: Settings = {
    help: given.has('help'),
    platform,
    namespace: readNamespace(last('namespace'), env['POD_NAMESPACE'], problems),
    xdsAddress: readAddress('xds-address', last('xds-address') ?? defaultXdsAddress(platform), problems),
    adminAddress: readAddress('admin-address', last('admin-address') ?? '127.0.0.1:8080', problems),
    logLevel: oneOf('log-level', logLevels, last('log-level') ?? 'info', problems),
    skipChecks: [
      ...new Set(
        (given.get('skip-check') ?? []).map((check) => oneOf('skip-check', skippableChecks, check, problems)),
      ),
    ],
    readyFile: last('ready-file'),
  };
  if (problems.length > 0 && !settings.help) throw new SettingsError(problems);
  return settings;
}

/** readSettings for this process. */
export function processSettings(): Settings {
  // oxlint-disable-next-line node/no-process-env -- this is the one reader of the environment
  return readSettings(process.argv.slice(2), process.env);
}

function readArguments(argv: readonly string[], problems: string[]): Given {
  // Not strict: that would stop at the first mistake. The tokens tell all of them.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const given = new Map<OptionName, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      problems.push(`Argument "${token.value}" belongs to no option: remove it, or see --help.`);
    if (token.kind !== 'option') continue;
    const name = token.name;
    if (!isOption(name))
      problems.push(`There is no option ${token.rawName}: see --help for those there are.`);
    else if (options[name].type === 'boolean') given.set(name, []);
    else if (isMissing(token.value))
      problems.push(`Option --${name} needs a value: write --${name}=<value>.`);
    else given.set(name, [...(given.get(name) ?? []), token.value]);
  }
  return given;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

/** `--files --state x`: the next option is not the value of the one before. */
function isMissing(value: string | undefined): value is undefined {
  return value === undefined || value === '' || value.startsWith('--');
}

function readPlatform(given: Given, problems: string[]): PlatformSettings {
  const last = (name: OptionName): string | undefined => given.get(name)?.at(-1);
  const before = problems.length;
  const kind = oneOf('platform', ['kubernetes', 'files'], last('platform') ?? 'kubernetes', problems);
  // Which options belong to a platform that is not known cannot be said.
  if (problems.length > before) return { kind: 'kubernetes', kubeconfig: undefined };
  const foreign: readonly OptionName[] = kind === 'files' ? ['kubeconfig'] : ['files', 'state'];
  for (const name of foreign) {
    if (given.has(name)) {
      const other = kind === 'files' ? 'kubernetes' : 'files';
      problems.push(`Option --${name} is for --platform ${other}: remove it, or choose that platform.`);
    }
  }
  if (kind === 'kubernetes') return { kind, kubeconfig: last('kubeconfig') };
  if (!given.has('files')) problems.push('The files platform needs --files <folder>: the YAML to watch.');
  if (!given.has('state'))
    problems.push('The files platform needs --state <folder>: where it keeps statuses and certificates.');
  return { kind, files: last('files') ?? '', state: last('state') ?? '' };
}

function defaultXdsAddress(platform: PlatformSettings): string {
  return platform.kind === 'files' ? '127.0.0.1:0' : '0.0.0.0:15012';
}

function readNamespace(option: string | undefined, variable: string | undefined, problems: string[]): string {
  const fromEnv = variable === '' ? undefined : variable;
  const namespace = option ?? fromEnv ?? 'meshwright-system';
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) return namespace;
  const source = option === undefined ? 'POD_NAMESPACE' : 'Option --namespace';
  problems.push(
    `${source} is "${namespace}", which is no name of a namespace: use at most 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.`,
  );
  return namespace;
}

function readAddress(name: OptionName, text: string, problems: string[]): ListenAddress {
  const match = /^(?:\[(?<bracketed>[0-9a-fA-F:.]+)\]|(?<plain>[^:[\]\s]+)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  const host = match?.groups?.['bracketed'] ?? match?.groups?.['plain'];
  if (host !== undefined && port <= 65_535) return { host, port };
  problems.push(
    `Option --${name} is "${text}": write host:port with a port from 0 to 65535, for example 127.0.0.1:8080 or [::1]:8080.`,
  );
  return { host: '', port: 0 };
}

function oneOf<const T extends string>(
  name: OptionName,
  allowed: readonly [T, ...T[]],
  value: string,
  problems: string[],
): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  problems.push(
    `Option --${name} is "${value}": choose ${allowed.length === 1 ? '' : 'one of '}${allowed.join(', ')}.`,
  );
  return allowed[0];
}
