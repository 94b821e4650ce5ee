// How applications read the target of a request: what they take for its path. Each is what some server or library does, in its own words,
// so that it is no copy of what the sidecar does.
import { posix } from 'node:path';

type Reader = (target: string) => string;

/** Bytes that are no UTF-8 are read as Latin-1. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => byteOf(code));
  }
}

/** As decoders did it before RFC 3629: characters may have more bytes than they need, so that %C0%AF is a slash. */
function decodeLaxly(text: string): string {
  const bytes = Buffer.from(
    text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => byteOf(code)),
    'latin1',
  );
  let path = '';
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0;
    const more = [0xfc, 0xf8, 0xf0, 0xe0, 0xc0].findIndex((start) => lead >= start && lead < 0xfe);
    const length = more === -1 ? 1 : 6 - more;
    const mask = length === 1 ? 0xff : 0xff >> (length + 1);
    path += String.fromCodePoint(
      bytes.subarray(at + 1, at + length).reduce((code, byte) => (code << 6) | (byte & 0x3f), lead & mask) %
        0x110000,
    );
    at += length;
  }
  return path;
}

function byteOf(code: string): string {
  return String.fromCodePoint(Number.parseInt(code, 16));
}

/** All but slashes. */
function decodeSegments(path: string): string {
  return path
    .split(/(%2[fF])/)
    .map((part, index) => (index % 2 === 1 ? '%2F' : decode(part)))
    .join('');
}

function withoutQuery(target: string): string {
  return target.replace(/[?#].*$/s, '');
}

const withoutParameters: Reader = (path) => path.replaceAll(/;[^/]*/g, '');
const mergedSlashes: Reader = (path) => path.replaceAll(/\/{2,}/g, '/');
const slashes: Reader = (path) => path.replaceAll('\\', '/');

/** RFC 3986, 5.2.4. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  const endsInDots = ['.', '..'].includes(segments.at(-1) ?? '');
  return `/${kept.join('/')}${endsInDots && kept.length > 0 ? '/' : ''}`;
}

function urlPath(target: string): string {
  try {
    return new URL(target, 'http://host').pathname;
  } catch {
    return '';
  }
}

/** By name, for messages. */
const readers: Readonly<Record<string, Reader>> = {
  // Flask and others behind WSGI: decoded, dots and slashes stay.
  decoded: (target) => decode(withoutQuery(target)),
  // Express, Fastify and most routers: by segments; a slash in one is a part of it.
  segments: (target) => decodeSegments(withoutQuery(target)),
  // Rails.
  merged: (target) => mergedSlashes(decode(withoutQuery(target))),
  // Static file servers, and nginx: decoded, then resolved.
  resolved: (target) => posix.normalize(decode(withoutQuery(target))),
  // Kestrel: %2F stays, dots are removed.
  kestrel: (target) => withoutDots(decodeSegments(withoutQuery(target))),
  // Dots are removed from what was sent, as RFC 3986 says; %2e is no dot, or is decoded first.
  'RFC 3986': (target) => decode(withoutDots(withoutQuery(target))),
  'RFC 3986, unreserved first': (target) =>
    decode(withoutDots(withoutQuery(target).replaceAll(/%2e/gi, '.'))),
  // The WHATWG's URL: dots, %2e and \ before decoding; //name is a host.
  url: (target) => decode(urlPath(target)),
  'url, by segments': (target) => decodeSegments(urlPath(target)),
  // Static file servers in Node.
  'url, then resolved': (target) => posix.normalize(decode(urlPath(target))),
  // Tomcat, Jetty: parameters off, decoded, resolved.
  servlet: (target) => posix.normalize(decode(withoutParameters(withoutQuery(target)))),
  // Spring's UrlPathHelper.
  'servlet without dots': (target) => mergedSlashes(decode(withoutParameters(withoutQuery(target)))),
  'parameters after decoding': (target) => posix.normalize(withoutParameters(decode(withoutQuery(target)))),
  // ;jsessionid to the end.
  'until a semicolon': (target) => decode(withoutQuery(target).replace(/;.*$/s, '')),
  // IIS: \ is /.
  backslash: (target) => posix.normalize(slashes(decode(withoutQuery(target)))),
  'lax UTF-8, then resolved': (target) => posix.normalize(decodeLaxly(withoutQuery(target))),
  'backslash, then parameters': (target) => withoutParameters(slashes(decode(withoutQuery(target)))),
};

export interface Reading {
  readonly reader: string;
  readonly path: string;
}

export function readingsOf(target: string): readonly Reading[] {
  return Object.entries(readers).map(([reader, read]) => ({ reader, path: read(target) }));
}

/** Whether everybody reads it alike. A NUL ends the text for some: it is refused (docs/policies.md). */
export function isPlain(target: string): boolean {
  return !target.includes('%00') && new Set(readingsOf(target).map(({ path }) => path)).size === 1;
}
