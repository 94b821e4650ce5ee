// A mesh of many services that call each other at rates that change with every look, for the dashboard. Entry: BusyMesh.
import type { Source } from '../../../operator/dashboard/views/source.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { observationsOf } from '../../../operator/telemetry/observations.ts';
import { TrafficStore } from '../../../operator/telemetry/store.ts';
import { counted, knownSource, measured, proxy } from '../../support/dashboard/known-mesh.ts';
import {
  sampleEndpoint,
  sampleIdentity,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../../support/mesh-samples.ts';

/** As sidecars report. */
const slotMs = 10_000;
const seenMs = 600_000;

interface Call {
  readonly from: string;
  readonly to: string;
}

export class BusyMesh {
  readonly #names: readonly string[];
  readonly #ir: MeshIr;
  readonly #store = new TrafficStore();
  readonly #startedMs = performance.now();
  #reports = 0;

  constructor(workloads: number) {
    this.#names = Array.from({ length: workloads }, (_, at) => nameOf(at));
    this.#ir = meshOf(this.#names);
    for (let at = 0; at < seenMs; at += slotMs) this.#report(at);
  }

  /** As of now; sidecars have reported since it was asked for last. */
  source(): Source {
    const monotonicMs = this.#nowMs();
    this.#report(monotonicMs - slotMs);
    const now = (): { readonly monotonicMs: number; readonly wallMs: number } => ({
      monotonicMs,
      wallMs: Date.now(),
    });
    return knownSource({
      ir: this.#ir,
      observations: observationsOf(this.#store, { now, startMs: () => 0 }),
      proxies: this.#ir.workloads.map(({ key }) => proxy(key)),
      nowMs: Date.now(),
    });
  }

  #nowMs(): number {
    return seenMs + performance.now() - this.#startedMs;
  }

  #report(atMs: number): void {
    this.#reports += 1;
    for (const [at, { from, to }] of callsOf(this.#names).entries()) {
      const tags = { source: spiffeId(from), port: '9080' };
      const requests = Math.round(200 * (1 + Math.sin(at + this.#reports / 3)) + at);
      const failed = at % 9 === 0 ? Math.ceil(requests / 30) : 0;
      this.#store.add(
        `Pod/shop/${to}-1`,
        [
          counted('inbound.requests', { ...tags, code: '2xx' }, requests - failed),
          counted('inbound.requests', { ...tags, code: '5xx' }, failed),
          measured(tags, 5 + (at % 40) * 6, requests),
        ],
        atMs,
      );
    }
  }
}

const parts = ['orders', 'payments', 'catalog', 'search', 'shipping', 'accounts', 'stock', 'recommendations'];

function nameOf(at: number): string {
  return at === 0 ? 'gateway' : `${parts[at % parts.length]}-${Math.floor(at / parts.length)}`;
}

/** Each but the first is called by one before it, and every third by another one, too. */
function callsOf(names: readonly string[]): readonly Call[] {
  const nameAt = (at: number): string => names[at] ?? '';
  return names.flatMap((to, at) => {
    if (at === 0) return [];
    const calls = [{ from: nameAt(Math.floor((at - 1) / 4)), to }];
    if (at % 3 === 0) calls.push({ from: nameAt(Math.floor(at / 2)), to });
    return calls;
  });
}

function meshOf(names: readonly string[]): MeshIr {
  return sampleMesh({
    services: names.map((name) =>
      sampleService(`shop/${name}/80`, {
        endpoints: [sampleEndpoint(9080, { workload: `Pod/shop/${name}-1`, mtls: true })],
      }),
    ),
    workloads: names.map((name) =>
      sampleWorkload(`${name}-1`, {
        kind: 'Pod',
        key: `Pod/shop/${name}-1`,
        identity: sampleIdentity(name),
      }),
    ),
  });
}
