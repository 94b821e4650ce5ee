// A reference client: applies responses as a real Envoy does, refusals included, and knows what it runs.
import type { Send } from '../../operator/xds/session/events.ts';
import type { TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { Entry } from '../../operator/xds/snapshot/types.ts';
import { CDS, LDS, VHDS } from './xds-world.ts';

export interface Answer {
  readonly nonce: string;
  readonly error: { readonly code: number; readonly message: string } | null;
}

export interface ModelClientOptions {
  readonly variant: 'delta' | 'sotw';
  readonly isBad: (entry: Entry) => boolean;
  /** Whether it still subscribes to a name: what it does not want any more it lets go. */
  readonly covers: (type: TypeUrl, name: string) => boolean;
  /** From 0 to 1. */
  readonly random: () => number;
}

export class ModelClient {
  readonly runs = new Map<TypeUrl, Map<string, Entry>>();
  private readonly options: ModelClientOptions;

  constructor(options: ModelClientOptions) {
    this.options = options;
  }

  of(type: TypeUrl): Map<string, Entry> {
    const known = this.runs.get(type) ?? new Map<string, Entry>();
    this.runs.set(type, known);
    return known;
  }

  /** Listeners and clusters: the good ones apply. Virtual hosts: all or nothing. Others: a part, in some order. */
  take(send: Send): Answer {
    const bad = send.resources.filter((it) => this.options.isBad(it));
    if (bad.length > 0) {
      const names = bad.map((it) => it.name);
      return { nonce: send.nonce, error: { code: 13, message: this.refuse(send, names) } };
    }
    this.remove(send);
    this.apply(send.typeUrl, send.resources);
    return { nonce: send.nonce, error: null };
  }

  /** Names that the response takes away: said in delta, left out of a whole list in state of the world. */
  leaving(send: Send): readonly string[] {
    if (this.options.variant === 'delta') return send.removed;
    if (send.typeUrl !== LDS && send.typeUrl !== CDS) return [];
    const listed = new Set(send.resources.map((it) => it.name));
    return [...this.of(send.typeUrl).keys()].filter((name) => !listed.has(name));
  }

  private refuse(send: Send, bad: readonly string[]): string {
    const good = send.resources.filter((it) => !bad.includes(it.name));
    if (send.typeUrl === LDS || send.typeUrl === CDS) {
      this.remove(send);
      this.apply(send.typeUrl, good);
      const kind = send.typeUrl === LDS ? 'listener' : 'cluster';
      return `Error adding/updating ${kind}(s) ${bad.map((name) => `${name}: bad`).join('\n')}`;
    }
    if (send.typeUrl !== VHDS)
      this.apply(
        send.typeUrl,
        good.filter(() => this.options.random() < 0.5),
      );
    return 'missing ): ((';
  }

  private remove(send: Send): void {
    for (const name of this.leaving(send)) this.of(send.typeUrl).delete(name);
  }

  private apply(type: TypeUrl, entries: readonly Entry[]): void {
    for (const entry of entries)
      if (this.options.covers(type, entry.name)) this.of(type).set(entry.name, entry);
  }
}
