// The options of the program: which there are, what --help says of them, and how they are taken from the arguments.
import { parseArgs } from 'node:util';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Checks of our own that may be left to Envoy, to show what a NACK does. */
export const skippableChecks = ['re2'] as const;
export type SkippableCheck = (typeof skippableChecks)[number];

export const helpText = `Usage: meshwright [options]

  --platform kubernetes|files   where services and policies come from (default: kubernetes)
  --files <folder>              files platform: the folder of YAML to watch
  --state <folder>              files platform: where statuses, certificates and keys are kept
  --deletion-grace <duration>   files platform: how long an object must be missing before it counts as deleted (default: 2s)
  --kubeconfig <path>           kubernetes platform: default is what kubectl would take, or the pod's service account
  --sidecar-xds <host:port>     kubernetes platform: where the sidecars of pods reach this operator; without it no workload is
                                given a sidecar (default in a pod: meshwright.<namespace>.svc:15012)
  --sidecar-image <image>       kubernetes platform: stock Envoy, where a Mesh names no other
  --init-image <image>          kubernetes platform: of this project, for the rules of a pod's network
  --pod-address <ip>            where other operators reach this one (default: $POD_IP)
  --namespace <name>            the operator's own namespace (default: $POD_NAMESPACE, or meshwright-system)
  --xds-address <host:port>     where sidecars connect; port 0 = any free port
                                (default: 0.0.0.0:15012; on the files platform 127.0.0.1:0)
  --admin-address <host:port>   health, metrics, debug; port 0 = any free port (default: 127.0.0.1:8080)
  --log-level <level>           ${logLevels.join(', ')} (default: info)
  --skip-check <check>          leave a check of ours to Envoy; may be repeated: ${skippableChecks.join(', ')}
  --ready-file <path>           write {"xdsPort","adminPort","pid"} there as JSON once ready
  --help                        this text
`;

export const options = {
  platform: { type: 'string' },
  files: { type: 'string' },
  state: { type: 'string' },
  'deletion-grace': { type: 'string' },
  kubeconfig: { type: 'string' },
  'sidecar-xds': { type: 'string' },
  'sidecar-image': { type: 'string' },
  'init-image': { type: 'string' },
  'pod-address': { type: 'string' },
  namespace: { type: 'string' },
  'xds-address': { type: 'string' },
  'admin-address': { type: 'string' },
  'log-level': { type: 'string' },
  'skip-check': { type: 'string', multiple: true },
  'ready-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
export type OptionName = keyof typeof options;

/** Given options by name, in the order given; what is wrong goes to `problems`. */
export type Given = ReadonlyMap<OptionName, readonly string[]>;

export function readArguments(argv: readonly string[], problems: string[]): Given {
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
