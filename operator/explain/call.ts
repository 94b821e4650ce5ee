// A call, as an application makes it: where it connects to, and what it asks there.
import { headerBytesHeader, pathBytesHeader } from '../envoy/resources/names.ts';

export interface Call {
  /** Where the application connects to. */
  readonly address: string;
  readonly port: number;
  /** What a TLS client asks for in its handshake, in lower case; null: none. */
  readonly serverName: string | null;
  /** Whether it begins with a TLS handshake of its own; null: as the sidecar expects it at this port. */
  readonly isTls: boolean | null;
  readonly request: CallRequest;
}

export interface CallRequest {
  readonly method: string;
  /** With its query, and no fragment: sidecars refuse those. Begins with a slash. */
  readonly path: string;
  /** Of the Host header. */
  readonly authority: string;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What header matchers see: pseudo-headers, too. Several of a name are one, joined by commas. Null: there is none. */
export function headerOf({ method, path, authority, headers }: CallRequest, name: string): string | null {
  switch (name.toLowerCase()) {
    case ':method':
      return method;
    case ':path':
      return path;
    case ':authority':
    case 'host':
      return authority;
    // What sidecars write themselves.
    case pathBytesHeader:
      return String(Buffer.byteLength(path));
    case headerBytesHeader:
      return String(Buffer.byteLength(headers.map(([key, value]) => `${key}: ${value}\r\n`).join('')));
    default: {
      const values = headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
      return values.length === 0 ? null : values.join(',');
    }
  }
}

/** What path matchers see: no query. */
export function pathOf({ path }: CallRequest): string {
  return path.split('?', 1)[0] ?? path;
}

/** The first of that name in the query, undecoded, as Envoy reads it. Null: there is none. */
export function queryParameterOf({ path }: CallRequest, name: string): string | null {
  const start = path.indexOf('?');
  if (start < 0) return null;
  for (const part of path.slice(start + 1).split('&')) {
    const [key, value] = splitOnce(part);
    if (key === name) return value;
  }
  return null;
}

function splitOnce(part: string): readonly [string, string] {
  const at = part.indexOf('=');
  return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
}
