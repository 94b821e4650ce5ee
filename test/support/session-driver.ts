// Drives a session the way a stream does, and says what it sent in words that tests compare.
import type { Effect, Publish, Send, SotwRequest } from '../../operator/xds/session/events.ts';
import type { TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { reduce } from '../../operator/xds/session/session.ts';
import { newSession, type Session } from '../../operator/xds/session/state.ts';
import type { DeltaFields } from './envoy/discovery-client.ts';
import { delta, sotw, view, type World } from './xds-world.ts';

export class SessionDriver {
  session: Session;
  nowMs = 0;
  readonly effects: Effect[] = [];

  constructor(variant: 'delta' | 'sotw' = 'delta') {
    this.session = newSession(variant);
  }

  /** What one event made the session send: `CDS a@1 b@1 -c`. */
  publish(world: World, options: Pick<Publish, 'isHeld' | 'nonceFrom'> = {}): string[] {
    return this.step({ type: 'publish', view: view(world), nowMs: this.nowMs, ...options });
  }

  request(type: TypeUrl, fields: Omit<DeltaFields, 'typeUrl' | 'node'> = {}): string[] {
    return this.step({ type: 'delta', request: delta(type, fields), nowMs: this.nowMs });
  }

  sotw(type: TypeUrl, fields: Partial<SotwRequest> = {}): string[] {
    return this.step({ type: 'sotw', request: sotw(type, fields), nowMs: this.nowMs });
  }

  /** Acknowledges the latest response of the type. */
  ack(type: TypeUrl, fields: Omit<DeltaFields, 'typeUrl' | 'node'> = {}): string[] {
    return this.request(type, { nonce: this.last(type).nonce, ...fields });
  }

  nack(type: TypeUrl, message: string, fields: Omit<DeltaFields, 'typeUrl' | 'node'> = {}): string[] {
    return this.request(type, { nonce: this.last(type).nonce, error: { code: 13, message }, ...fields });
  }

  /** State of the world: accepts the latest response of the type, and lists the names it wants now. */
  accept(type: TypeUrl, names: readonly string[] = [], fields: Partial<SotwRequest> = {}): string[] {
    return this.sotw(type, { names, nonce: this.last(type).nonce, ...fields });
  }

  /** State of the world: refuses the latest response of the type, and lists the names it wants now. */
  refuse(type: TypeUrl, message: string, names: readonly string[] = []): string[] {
    return this.accept(type, names, { error: { code: 13, message } });
  }

  wake(): string[] {
    return this.step({ type: 'wake', nowMs: this.nowMs });
  }

  /** At the very time that it asked for. */
  wakeAsAsked(): string[] {
    const asked = this.effects.findLast((effect) => effect.type === 'wake');
    if (asked === undefined) throw new Error('it did not ask for a wake');
    this.nowMs = asked.atMs;
    return this.wake();
  }

  last(type: TypeUrl): Send {
    const found = this.effects.findLast(
      (effect): effect is Send => effect.type === 'send' && effect.typeUrl === type,
    );
    if (found === undefined) throw new Error(`nothing of ${type} was sent`);
    return found;
  }

  private step(event: Parameters<typeof reduce>[1]): string[] {
    const { session, effects } = reduce(this.session, event);
    this.session = session;
    this.effects.push(...effects);
    return effects.flatMap((effect) => (effect.type === 'send' ? [words(effect)] : []));
  }
}

const short: Readonly<Record<string, string>> = {
  Cluster: 'CDS',
  ClusterLoadAssignment: 'EDS',
  Listener: 'LDS',
  RouteConfiguration: 'RDS',
  VirtualHost: 'VHDS',
  Secret: 'SDS',
  TypedExtensionConfig: 'ECDS',
  Runtime: 'RTDS',
};

/** `CDS` for the type of clusters, and so on. */
export function shortName(type: string): string {
  return short[type.slice(type.lastIndexOf('.') + 1)] ?? type;
}

/** `CDS a@1 b@1 -c` */
export function words(send: Send): string {
  const resources = send.resources.map((entry) => `${entry.name}@${entry.version}`);
  const removed = send.removed.map((name) => `-${name}`);
  return [shortName(send.typeUrl), ...resources.toSorted(), ...removed.toSorted()].join(' ');
}
