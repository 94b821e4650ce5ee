// The words of which scripts are made. Bytes are strings of latin1.
import type { Script, Step } from './exchange.ts';

/** Of a head. */
export const end = /\r\n\r\n/;

/** Of a script that is not played to its end through sidecars, which keep the connection open. */
export const inVainMs = 3_000;

export const plainResponse = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export function get(target: string, headers: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: svc\r\n${headers}\r\n`;
}

export function simple(request: string, response = plainResponse, until: RegExp = end): Script {
  const application: readonly Step[] = [until, response];
  return { client: [request], application };
}

export function visible(): string {
  return String.fromCodePoint(...Array.from({ length: 94 }, (_, at) => at + 0x21));
}

/** Of every kind. */
export function bytes(size: number): string {
  return 'abcdefghijklmnopqrstuvwxyz\x00\x80\xff\r\n\r\n'.repeat(Math.ceil(size / 33)).slice(0, size);
}
