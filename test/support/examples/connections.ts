// Connections at the head of an example, and who answers them. Pure. Entry: connectionsOf.
//   nc db 5432                                                  # from v1 (90%) and v2 (10%)
//   openssl s_client -connect vault:8200 -servername a.example  # from v2
// `qa$ nc …` and `plain$ nc …` are other callers, as of calls. Grammar of a comment: `from v1`, `from v1 (90%) and v2 (10%)`; instead of a version also `nobody`: the connection is closed.

import { type Caller, callerOf } from './expectations.ts';

export interface ConnectionExpectation {
  readonly line: string;
  readonly caller: Caller;
  /** Service that is called. */
  readonly service: string;
  /** Of a TLS handshake; null: TCP. */
  readonly serverName: string | null;
  readonly from: readonly { readonly version: string; readonly percentage: number }[];
}

const callLine =
  /^# {2,}(?:(?<who>qa|plain)\$ )?(?:nc (?<tcp>[a-z-]+) \d+|openssl s_client -connect (?<tls>[a-z-]+):\d+ -servername (?<name>\S+)) +# from (?<from>.+)$/;

/** @throws Error for a line that begins like a connection and is none */
export function connectionsOf(example: string): readonly ConnectionExpectation[] {
  return example
    .split('\n')
    .filter((line) => /^#\s+(?:\w+\$ )?(?:nc|openssl) /.test(line))
    .map((line) => {
      const { who, tcp, tls, name = null, from } = callLine.exec(line)?.groups ?? {};
      const service = tcp ?? tls;
      if (service === undefined || from === undefined)
        throw new Error(`not a connection with its outcome: ${line}`);
      return {
        line,
        caller: callerOf(who),
        service,
        serverName: name,
        from: from.split(' and ').map((one) => shareOf(one, line)),
      };
    });
}

function shareOf(text: string, line: string): ConnectionExpectation['from'][number] {
  const [, version, percentage = '100'] = /^(\S+)(?: \((\d+)%\))?$/.exec(text) ?? [];
  if (version === undefined) throw new Error(`not a version: ${line}`);
  return { version, percentage: Number(percentage) };
}
