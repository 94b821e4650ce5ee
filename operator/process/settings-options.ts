// The options of the program: which there are, what --help says of them, and how they are taken from the arguments.
import { parseArgs } from 'node:util';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Checks of our own that may be left to Envoy, to show what a NACK does. */
export const skippableChecks = ['re2'] as const;
export type SkippableCheck = (typeof skippableChecks)[number];

/** How connections of pods arrive: with their addresses, or with others. */
export const sourceAddresses = ['seen', 'hidden'] as const;
export type SourceAddresses = (typeof sourceAddresses)[number];

export const helpText = `Usage: meshwright [options]

  --platform kubernetes|files   source of services and policies (default: kubernetes)
  --files <folder>              files platform: the folder of YAML to watch
  --state <folder>              files platform: the folder for statuses, certificates and keys
  --deletion-grace <duration>   files platform: how long an object must be missing before it counts as deleted (default: 2s)
  --kubeconfig <path>           kubernetes platform: kubeconfig (default: as kubectl finds it, or the pod's service account)
  --source-addresses seen|hidden
                                kubernetes platform: whether the connections of pods arrive with the pods' addresses; hidden: the network
                                translates them, and a sidecar is known by its certificate alone (default: seen)
  --sidecar-xds <host:port>     kubernetes platform: the address at which sidecars reach this operator; without it, workloads get
                                no sidecars (default in a pod: meshwright.<namespace>.svc:15012)
  --sidecar-image <image>       kubernetes platform: Envoy image, unless the Mesh names one
  --init-image <image>          kubernetes platform: image of the init container that redirects traffic
  --pod-address <ip>            address at which other replicas reach this one (default: $POD_IP)
  --namespace <name>            the operator's own namespace (default: $POD_NAMESPACE, or meshwright-system)
  --xds-address <host:port>     address to serve xDS on; port 0: any free port
                                (default: 0.0.0.0:15012; on the files platform 127.0.0.1:0)
  --admin-address <host:port>   address of health, metrics and debug pages (debug: on loopback only); port 0: any free port
                                (default: 127.0.0.1:8080)
  --jwks-allow-addresses <network>
                                fetch the keys of issuers (jwks.uri) also from these addresses, such as 127.0.0.0/8, which are refused
                                otherwise: loopback, link-local and other special ones; may be repeated
  --log-level <level>           ${logLevels.join(', ')} (default: info)
  --skip-check <check>          skip a validation and leave it to Envoy; may be repeated: ${skippableChecks.join(', ')}
  --ready-file <path>           write {"xdsPort","adminPort","pid"} as JSON to this file once ready
  --help                        print this help
`;

export const options = {
  platform: { type: 'string' },
  files: { type: 'string' },
  state: { type: 'string' },
  'deletion-grace': { type: 'string' },
  kubeconfig: { type: 'string' },
  'source-addresses': { type: 'string' },
  'sidecar-xds': { type: 'string' },
  'sidecar-image': { type: 'string' },
  'init-image': { type: 'string' },
  'pod-address': { type: 'string' },
  namespace: { type: 'string' },
  'xds-address': { type: 'string' },
  'admin-address': { type: 'string' },
  'jwks-allow-addresses': { type: 'string', multiple: true },
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
      problems.push(`Unexpected argument "${token.value}". Remove it, or see --help.`);
    if (token.kind !== 'option') continue;
    const name = token.name;
    if (!isOption(name)) problems.push(`Unknown option ${token.rawName}. See --help.`);
    else if (options[name].type === 'boolean') given.set(name, []);
    else if (isMissing(token.value))
      problems.push(`Option --${name} needs a value. Write --${name}=<value>.`);
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
