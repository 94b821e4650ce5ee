// Who may look inside: whoever is on this machine (in this pod, by port-forward), and no web page in a browser there.
// Pure.
import type { IncomingHttpHeaders } from 'node:http';

/** What is known of a request. */
export interface DebugRequest {
  /** Of the two ends of its connection. */
  readonly remoteAddress: string | undefined;
  readonly localAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Why the request is refused, as a full sentence; undefined if it is not. `what`: what was asked for. */
export function debugRefusal(
  { remoteAddress, localAddress, headers }: DebugRequest,
  what = '/debug',
): string | undefined {
  if (!isLoopback(remoteAddress) || !isLoopback(localAddress))
    return `${what} is answered on the loopback address only. In a cluster, use kubectl port-forward.`;
  // A page of another site whose name was pointed at 127.0.0.1 sends that name.
  if (!isLoopbackHost(headers.host)) return `Ask for ${what} by the name localhost or 127.0.0.1.`;
  const site = headers['sec-fetch-site'] ?? 'none';
  if (headers.origin !== undefined || (site !== 'none' && site !== 'same-origin'))
    return `${what} is not for pages of other sites.`;
  return undefined;
}

/** Also as IPv6 sockets write IPv4 addresses. */
function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '');
}

/** Of any port: that of a port-forward is chosen by the user. */
function isLoopbackHost(host: string | undefined): boolean {
  return /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(host ?? '');
}
