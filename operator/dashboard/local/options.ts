// The arguments of `meshwright dashboard`. Pure.

export const dashboardHelp = `Usage: meshwright dashboard [options]

Opens a way to the dashboard of the operator and prints its address. Ctrl-C ends it. It uses kubectl, with your kubeconfig.

  --namespace <name>             the namespace of the operator (default: meshwright-system)
  --service-account <name>       ServiceAccount in that namespace whose tokens the dashboard gets (default: meshwright-dashboard)
  --port <port>                  local port; 0: any free port (default: 0)
  --open                         open the address in the browser
  --kubeconfig <path>            kubeconfig of the cluster (default: as kubectl finds it)
  --context <name>               context of the kubeconfig (default: the current one)
  --operator <url>               an operator that is reached already, such as http://127.0.0.1:8080: no port is forwarded
  --help                         print this help

Needed rights, in the namespace of the operator: those of the Role meshwright-dashboard-user.
`;

export const dashboardOptions = {
  namespace: { type: 'string' },
  'service-account': { type: 'string' },
  port: { type: 'string' },
  open: { type: 'boolean' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  operator: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Given = Readonly<
  Partial<
    Record<
      'namespace' | 'service-account' | 'port' | 'kubeconfig' | 'context' | 'operator',
      string | undefined
    >
  >
> & { readonly open?: boolean | undefined };

export interface DashboardOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly port: number;
  readonly isOpened: boolean;
  /** Of kubectl, before its command. */
  readonly kubectl: readonly string[];
  /** Null: the one that leads, by a forwarded port. */
  readonly operator: URL | null;
}

/** @throws Error that says what is wrong */
export function readDashboardOptions(given: Given): DashboardOptions {
  const { namespace = 'meshwright-system', 'service-account': serviceAccount = 'meshwright-dashboard' } =
    given;
  return {
    namespace,
    serviceAccount,
    port: portOf(given.port ?? '0'),
    isOpened: given.open === true,
    kubectl: [
      ...(given.kubeconfig === undefined ? [] : ['--kubeconfig', given.kubeconfig]),
      ...(given.context === undefined ? [] : ['--context', given.context]),
      '--namespace',
      namespace,
    ],
    operator: given.operator === undefined ? null : operatorOf(given.operator),
  };
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Error(`Option --port is "${text}": write a port from 0 to 65535.`);
}

/** A token must not go over a network in the clear, and the operator answers the loopback address only. */
function operatorOf(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) return url;
  throw new Error(
    `Option --operator is "${text}": write http:// and a loopback address, such as http://127.0.0.1:8080.`,
  );
}
