// The changes of the synthetic mesh, one after the other: the same for a store and for an API server.
import type { TrafficPolicy } from '../../api/v1alpha1/traffic/policy.ts';
import type { EndpointSlice } from '../../operator/objects/objects.ts';
import { monotonicMs, type Change, type Edit, type Size } from './protocol.ts';
import { slice, trafficPolicy } from './synthetic-mesh.ts';

export interface EditTarget {
  /** Gives the new object to whom it is for; resolves (returns) when that is done. */
  readonly put: (object: EndpointSlice | TrafficPolicy) => Promise<void> | void;
}

export class Edits {
  private readonly size: Size;
  private readonly target: EditTarget;
  private version = 1;
  private churned: readonly Change[] = [];
  private failure: unknown = null;
  /** Service → the endpoint that is not ready. */
  private readonly unready = new Map<number, number>();

  constructor(size: Size, target: EditTarget) {
    this.size = size;
    this.target = target;
  }

  /** Resolves to the moment just before it was made. */
  async perform(edit: Edit): Promise<number> {
    const atMs = monotonicMs();
    if (edit.type === 'churn') this.churn(edit.perSecond, edit.ms);
    else
      await this.target.put(edit.type === 'endpoint' ? this.flipped(edit.service) : this.route(edit.service));
    return atMs;
  }

  /** Of the last churn. @throws what its first failure was. */
  changes(): readonly Change[] {
    if (this.failure !== null) throw new Error('a change could not be made', { cause: this.failure });
    return this.churned;
  }

  private route(service: number): TrafficPolicy {
    this.version += 1;
    return trafficPolicy(service, this.version, this.size.policies);
  }

  private flipped(service: number): EndpointSlice {
    const { endpoints } = this.size;
    this.version += 1;
    const unready = ((this.unready.get(service) ?? -1) + 1) % endpoints;
    this.unready.set(service, unready);
    return slice(service, endpoints, { unready, version: this.version });
  }

  /** Service after service: none changes twice within a short time. As often as asked, also if the process is busy. */
  private churn(perSecond: number, ms: number): void {
    const startMs = monotonicMs();
    const changes: Change[] = [];
    this.churned = changes;
    this.failure = null;
    const tick = setInterval(() => {
      const elapsedMs = Math.min(ms, monotonicMs() - startMs);
      while (changes.length < (elapsedMs / 1000) * perSecond) {
        const service = (changes.length * 7) % this.size.services;
        changes.push([service, monotonicMs()]);
        void this.attempt(service);
      }
      if (elapsedMs >= ms) clearInterval(tick);
    }, 1000 / perSecond);
  }

  private async attempt(service: number): Promise<void> {
    try {
      await this.target.put(this.flipped(service));
    } catch (error) {
      this.failure ??= error;
    }
  }
}
