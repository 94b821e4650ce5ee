// The one reader of the process's arguments and environment. Entry: readSettings, a pure function of both;
// processSettings applies it to this process. It touches no file and opens nothing.
import { Duration, durationMs } from '../../api/duration.ts';
import { ipNetwork } from '../../api/schema.ts';
import { operatorNamespace } from '../values/own-names.ts';
import packageJson from '../../package.json' with { type: 'json' };
import {
  type Given,
  helpText,
  type LogLevel,
  logLevels,
  type OptionName,
  readArguments,
  type SkippableCheck,
  skippableChecks,
  type SourceAddresses,
  sourceAddresses,
} from './settings-options.ts';

export { helpText };

export interface ListenAddress {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export interface InjectionSettings {
  /** Where the sidecars of pods reach the operator. */
  readonly xds: ListenAddress;
  /** Where the Mesh names no other. */
  readonly sidecarImage: string;
  readonly initImage: string;
}

export type PlatformSettings =
  /** `kubeconfig`: path; undefined = what kubectl would take, or the pod's own service account. */
  | {
      readonly kind: 'kubernetes';
      readonly kubeconfig: string | undefined;
      /** Whether connections of pods arrive with the addresses of the pods. */
      readonly sourceAddresses: SourceAddresses;
      /** null: nobody is given a sidecar, since none would reach this operator. */
      readonly injection: InjectionSettings | null;
    }
  /** `files`: the folder of YAML that is watched; `state`: the folder for statuses, certificates and keys. */
  | {
      readonly kind: 'files';
      readonly files: string;
      readonly state: string;
      /** For how long an object has to be missing before it counts as deleted. */
      readonly deletionGraceMs: number;
    };

export interface Settings {
  /** --help was given: print helpText and end; nothing else was asked for. */
  readonly help: boolean;
  readonly platform: PlatformSettings;
  /** The operator's own namespace: its root, its Lease. */
  readonly namespace: string;
  /** An IP address or name under which other operators reach this one; undefined: they do not. */
  readonly podAddress: string | undefined;
  readonly xdsAddress: ListenAddress;
  readonly adminAddress: ListenAddress;
  /** Networks in CIDR notation, from which keys of issuers are fetched though their addresses are special ones. */
  readonly jwksAllowAddresses: readonly string[];
  /** URL of the metadata server of Google Cloud. It is asked only if a provider of telemetry needs it. */
  readonly metadataServer: string;
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

/**
 * Settings from the arguments after the program's name and from environment variables (POD_NAMESPACE, POD_IP,
 * KUBERNETES_SERVICE_HOST, and GCE_METADATA_HOST as Google's libraries read it).
 * @throws SettingsError with all mistakes at once; --help wins over them.
 */
export function readSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const problems: string[] = [];
  const given = readArguments(argv, problems);
  const last = (name: OptionName): string | undefined => given.get(name)?.at(-1);
  const namespace = readNamespace(last('namespace'), env['POD_NAMESPACE'], problems);
  const isInCluster = env['KUBERNETES_SERVICE_HOST'] !== undefined;
  const platform = readPlatform(
    given,
    isInCluster ? `meshwright.${namespace}.svc:15012` : undefined,
    problems,
  );
  const settings: Settings = {
    help: given.has('help'),
    platform,
    namespace,
    podAddress: last('pod-address') ?? nonEmpty(env['POD_IP']),
    xdsAddress: readAddress('xds-address', last('xds-address') ?? defaultXdsAddress(platform), problems),
    adminAddress: readAddress('admin-address', last('admin-address') ?? '127.0.0.1:8080', problems),
    jwksAllowAddresses: (given.get('jwks-allow-addresses') ?? []).map((network) =>
      readNetwork('jwks-allow-addresses', network, problems),
    ),
    metadataServer: `http://${nonEmpty(env['GCE_METADATA_HOST']) ?? 'metadata.google.internal'}`,
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

const kubernetesOnly = [
  'kubeconfig',
  'source-addresses',
  'sidecar-xds',
  'sidecar-image',
  'init-image',
] as const;
const filesOnly = ['files', 'state', 'deletion-grace'] as const;

/** sidecarXds: where sidecars reach the operator, if no option says so. */
function readPlatform(given: Given, sidecarXds: string | undefined, problems: string[]): PlatformSettings {
  const last = (name: OptionName): string | undefined => given.get(name)?.at(-1);
  const before = problems.length;
  const kind = oneOf('platform', ['kubernetes', 'files'], last('platform') ?? 'kubernetes', problems);
  // Which options belong to a platform that is not known cannot be said.
  if (problems.length > before)
    return { kind: 'kubernetes', kubeconfig: undefined, sourceAddresses: 'seen', injection: null };
  const foreign: readonly OptionName[] = kind === 'files' ? kubernetesOnly : filesOnly;
  for (const name of foreign) {
    if (given.has(name)) {
      const other = kind === 'files' ? 'kubernetes' : 'files';
      problems.push(`Option --${name} is for --platform ${other}: remove it, or choose that platform.`);
    }
  }
  if (kind === 'kubernetes') {
    const addresses = last('source-addresses') ?? 'seen';
    return {
      kind,
      kubeconfig: last('kubeconfig'),
      sourceAddresses: oneOf('source-addresses', sourceAddresses, addresses, problems),
      injection: readInjection(given, sidecarXds, problems),
    };
  }
  return readFilesPlatform(given, problems);
}

function readFilesPlatform(given: Given, problems: string[]): PlatformSettings {
  const last = (name: OptionName): string | undefined => given.get(name)?.at(-1);
  if (!given.has('files')) problems.push('The files platform needs --files <folder>: the YAML to watch.');
  if (!given.has('state'))
    problems.push('The files platform needs --state <folder>: where it keeps statuses and certificates.');
  const deletionGraceMs = readDuration('deletion-grace', last('deletion-grace') ?? '2s', problems);
  return { kind: 'files', files: last('files') ?? '', state: last('state') ?? '', deletionGraceMs };
}

/** Of the Envoy releases this version is tested with. @see https://hub.docker.com/r/envoyproxy/envoy */
const defaultSidecarImage = 'docker.io/envoyproxy/envoy:distroless-v1.40.0';
/** Of the same release. */
const defaultInitImage = `ghcr.io/meshwright/meshwright:v${packageJson.version}`;

function readInjection(
  given: Given,
  sidecarXds: string | undefined,
  problems: string[],
): InjectionSettings | null {
  const last = (name: OptionName): string | undefined => given.get(name)?.at(-1);
  const xds = last('sidecar-xds') ?? sidecarXds;
  if (xds === undefined) return null;
  return {
    xds: readAddress('sidecar-xds', xds, problems),
    sidecarImage: last('sidecar-image') ?? defaultSidecarImage,
    initImage: last('init-image') ?? defaultInitImage,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function defaultXdsAddress(platform: PlatformSettings): string {
  return platform.kind === 'files' ? '127.0.0.1:0' : '0.0.0.0:15012';
}

function readNamespace(option: string | undefined, variable: string | undefined, problems: string[]): string {
  const fromEnv = variable === '' ? undefined : variable;
  const namespace = option ?? fromEnv ?? operatorNamespace;
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

function readNetwork(name: OptionName, text: string, problems: string[]): string {
  if (!ipNetwork.pattern.test(text)) problems.push(`Option --${name} is "${text}": ${ipNetwork.message}`);
  return text;
}

function readDuration(name: OptionName, text: string, problems: string[]): number {
  const { error, data } = Duration.safeParse(text);
  if (data !== undefined) return durationMs(data);
  problems.push(`Option --${name} is "${text}": ${error.issues.map(({ message }) => message).join(' ')}`);
  return 0;
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
