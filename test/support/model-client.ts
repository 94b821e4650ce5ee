// A reference client: applies responses as a real Envoy does, refusals included, and knows what it runs.
import type { Send } from '../../operator/xds/session/events.ts';
import type { TypeUrl } from '../../operator/xds/proto/type-urls.ts';
import { CDS, LDS, VHDS } from './xds-world.ts';

export interface Answer {
  readonly nonce: string;
  readonly error: { readonly code: number; readonly message: string } | null;
}

export class ModelClient {
  readonly runs = new Map<TypeUrl, Map<string, string>>();
  readonly responses: Send[] = [];
  private readonly isBad: (name: string, version: string) => boolean;
  private readonly random: () => number;

  constructor(isBad: (name: string, version: string) => boolean, random: () => number) {
    this.isBad = isBad;
    this.random = random;
  }

  of(type: TypeUrl): Map<string, string> {
    const known = this.runs.get(type) ?? new Map<string, string>();
    this.runs.set(type, known);
    return known;
  }

  /** Listeners and clusters: the good ones apply. Virtual hosts: all or nothing. Others: a part, in some order. */
  take(send: Send): Answer {
    this.responses.push(send);
    const bad = send.resources.filter((it) => this.isBad(it.name, it.version));
    const running = this.of(send.typeUrl);
    if (bad.length === 0) {
      for (const name of send.removed) running.delete(name);
      for (const it of send.resources) running.set(it.name, it.version);
      return { nonce: send.nonce, error: null };
    }
    return {
      nonce: send.nonce,
      error: {
        code: 13,
        message: this.refuse(
          send,
          bad.map((it) => it.name),
        ),
      },
    };
  }

  private refuse(send: Send, bad: readonly string[]): string {
    const running = this.of(send.typeUrl);
    const good = send.resources.filter((it) => !bad.includes(it.name));
    if (send.typeUrl === LDS || send.typeUrl === CDS) {
      for (const name of send.removed) running.delete(name);
      for (const it of good) running.set(it.name, it.version);
      return `Error adding/updating ${send.typeUrl === LDS ? 'listener' : 'cluster'}(s) ${bad.map((n) => `${n}: bad`).join('\n')}`;
    }
    if (send.typeUrl !== VHDS)
      for (const it of good) if (this.random() < 0.5) running.set(it.name, it.version);
    return 'missing ): ((';
  }
}
