// The protocol of a port as declared: appProtocol, then the port's name, then TCP. Nothing is sniffed.

export type Protocol = 'HTTP' | 'TCP';

/** @see https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol */
const httpAppProtocols = new Set([
  'http',
  'http2',
  'grpc',
  'grpc-web',
  'kubernetes.io/h2c',
  'kubernetes.io/ws',
]);
const tlsAppProtocols = new Set(['https', 'tls', 'kubernetes.io/wss']);
const httpNames = ['http', 'http2', 'grpc', 'grpc-web'];
const tcpNames = ['tcp', 'tls', 'https', 'mongo', 'mysql', 'redis'];

/** appProtocol if given, else what the name says, else undefined: then it is taken for TCP. */
export function declaredProtocol(
  appProtocol: string | undefined,
  name: string | undefined,
): Protocol | undefined {
  return protocolOfAppProtocol(appProtocol) ?? protocolOfName(name);
}

/** Everything that is not HTTP in the clear is TCP: https and tls are the application's own TLS. */
export function protocolOfAppProtocol(appProtocol: string | undefined): Protocol | undefined {
  if (appProtocol === undefined || appProtocol === '') return undefined;
  return httpAppProtocols.has(appProtocol.toLowerCase()) ? 'HTTP' : 'TCP';
}

/** Whether connections begin with the application's own TLS handshake: by appProtocol if given, else by the name. */
export function declaresTls(appProtocol: string | undefined, name: string | undefined): boolean {
  if (appProtocol !== undefined && appProtocol !== '') return tlsAppProtocols.has(appProtocol.toLowerCase());
  return ['tls', 'https'].some((protocol) => isNamed(name, protocol));
}

/** `<protocol>` or `<protocol>-anything`; undefined if the name names no protocol we know. */
export function protocolOfName(name: string | undefined): Protocol | undefined {
  if (httpNames.some((protocol) => isNamed(name, protocol))) return 'HTTP';
  return tcpNames.some((protocol) => isNamed(name, protocol)) ? 'TCP' : undefined;
}

function isNamed(name: string | undefined, protocol: string): boolean {
  return name === protocol || name?.startsWith(`${protocol}-`) === true;
}
