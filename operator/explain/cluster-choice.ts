// To which clusters a connection may go: reads the expression that operator/envoy/resources/outbound/connection-routes.ts writes, and
// nothing else that CEL could say.
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { knowingOnly, messageIn, messagesIn, textIn, UnreadableError } from './fields.ts';

export interface Share {
  readonly cluster: string;
  /** Of connections alike; they add up to 1. */
  readonly share: number;
}

/**
 * @param filter a SetFilterState
 * @param serverName that the client asks for; '' for none
 * @returns null: it chooses nothing
 */
export function chosenClusters(filter: EnvoyMessage, serverName: string): readonly Share[] | null {
  const rules = messagesIn(knowingOnly(filter, ['@type', 'on_new_connection']), 'on_new_connection');
  if (rules.length === 0) return null;
  const written = rules.map(ruleOf);
  const cluster = written.find(({ key }) => key === 'envoy.tcp_proxy.cluster');
  const [, expression] = /^%CEL\((.+)\)%$/.exec(cluster?.format ?? '') ?? [];
  if (cluster === undefined || !written.every((rule) => rule === cluster || isReadByIt(rule)))
    throw new UnreadableError('explain does not know how the cluster is chosen');
  const reader = new Reader(expression ?? '', serverName);
  return reader.shares();
}

/** The random number of a connection, or the name that the cluster resolves: that of the handshake. */
function isReadByIt({ key, format }: ReturnType<typeof ruleOf>): boolean {
  return format === '%UNIQUE_ID%' || key === 'envoy.upstream.dynamic_host';
}

function ruleOf(rule: EnvoyMessage): { readonly key: string; readonly format: string } {
  const { object_key: key } = knowingOnly(rule, ['object_key', 'factory_key', 'format_string']);
  const source = messageIn(messageIn(rule, 'format_string') ?? {}, 'text_format_source') ?? {};
  return { key: typeof key === 'string' ? key : '', format: textIn(source, 'inline_string') ?? '' };
}

/** `'cluster'` or `(condition ? choice : choice)`; the random number of a connection is evenly spread from 0 to 1. */
class Reader {
  readonly #text: string;
  readonly #serverName: string;
  #at = 0;

  constructor(text: string, serverName: string) {
    this.#text = text;
    this.#serverName = serverName;
  }

  shares(): readonly Share[] {
    const found = this.#choice(0, 1);
    if (this.#at < this.#text.length) throw this.#unreadable();
    return found;
  }

  /** For connections whose number is in this range. */
  #choice(from: number, to: number): readonly Share[] {
    const cluster = this.#take(/'([^']+)'/y);
    if (cluster !== null) return to > from ? [{ cluster, share: to - from }] : [];
    if (this.#take(/(\()/y) === null) throw this.#unreadable();
    const middle = this.#middle(from, to);
    this.#expect(/( \? )/y);
    const then = this.#choice(from, middle);
    this.#expect(/( : )/y);
    const otherwise = this.#choice(middle, to);
    this.#expect(/(\))/y);
    return [...then, ...otherwise];
  }

  /** Below it the condition holds. */
  #middle(from: number, to: number): number {
    const below = this.#take(/filter_state\['[\w.]+'\] < b'([\da-f]{8})'/y);
    if (below !== null) return Math.min(to, Math.max(from, Number.parseInt(below, 16) / 2 ** 32));
    return this.#asksForOne() ? to : from;
  }

  #asksForOne(): boolean {
    let holds = false;
    do {
      const exact = this.#take(/connection\.requested_server_name == '([^']+)'/y);
      const end = exact ?? this.#take(/connection\.requested_server_name\.endsWith\('([^']+)'\)/y);
      if (end === null) throw this.#unreadable();
      if (exact === null ? this.#serverName.endsWith(end) : this.#serverName === exact) holds = true;
    } while (this.#take(/( \|\| )/y) !== null);
    return holds;
  }

  #expect(pattern: RegExp): void {
    if (this.#take(pattern) === null) throw this.#unreadable();
  }

  /** What the group matches; null: it is not what comes next. */
  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#at = pattern.lastIndex;
    return found[1] ?? null;
  }

  #unreadable(): UnreadableError {
    return new UnreadableError(`explain does not know the expression ${this.#text.slice(this.#at)}`);
  }
}
