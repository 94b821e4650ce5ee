// The providers of the Mesh: what sidecars tell goes to those that it names. Entry: Providers.
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { ProviderReport } from '../conditions/provider-report.ts';
import type { Clock } from '../process/clock.ts';
import { Outbox, type OutboxState } from './outbox.ts';
import type { Sender } from './sender.ts';
import type { ProviderIr } from '../ir/provider.ts';
import type { Signal } from './signals.ts';

export interface ProvidersOptions {
  readonly createSender: (provider: ProviderIr) => Sender;
  readonly clock: Pick<Clock, 'after' | 'now'>;
  readonly counted: (
    provider: string,
    type: Signal['type'],
    result: 'sent' | 'dropped',
    count: number,
  ) => void;
  readonly changed: (reports: readonly ProviderReport[]) => void;
}

interface Open {
  /** What it was made for. */
  readonly key: string;
  /** One of a type does not wait for another: a provider may take some of them only, or at other places. */
  readonly outboxes: Readonly<Record<Signal['type'], Outbox>>;
  readonly sender: Sender;
}

type Settings = Pick<MeshSettingsIr, 'providers' | 'accessLogs' | 'tracing'>;

export class Providers {
  readonly #options: ProvidersOptions;
  readonly #open = new Map<string, Open>();
  #settings: Settings = { providers: [], accessLogs: [], tracing: null };

  constructor(options: ProvidersOptions) {
    this.#options = options;
  }

  /** Those whose settings did not change go on. */
  set(settings: Settings): void {
    this.#settings = settings;
    const wanted = new Map(settings.providers.map((provider) => [provider.name, provider]));
    for (const [name, { key }] of this.#open) {
      if (JSON.stringify(wanted.get(name)) !== key) this.#end(name);
    }
    for (const [name, provider] of wanted) if (!this.#open.has(name)) this.#begin(provider);
    this.#tell();
  }

  offer(signal: Signal): void {
    if (signal.type !== 'logs') {
      for (const name of this.#takers(signal)) this.#open.get(name)?.outboxes[signal.type].offer(signal);
      return;
    }
    const { source, type } = signal;
    for (const [log, records] of Map.groupBy(signal.records, (record) => record.log)) {
      const { providers = [] } = this.#settings.accessLogs.find(({ name }) => name === log) ?? {};
      for (const name of providers) this.#open.get(name)?.outboxes.logs.offer({ type, source, records });
    }
  }

  close(): void {
    for (const name of this.#open.keys()) this.#end(name);
  }

  #takers(signal: Signal): readonly string[] {
    if (signal.type === 'spans') return this.#settings.tracing?.providers ?? [];
    return this.#settings.providers.filter(({ metrics }) => metrics).map(({ name }) => name);
  }

  #begin(provider: ProviderIr): void {
    const { createSender, clock, counted } = this.#options;
    const sender = createSender(provider);
    const outboxOf = (type: Signal['type']): Outbox =>
      new Outbox({
        send: async (signals) => await sender.send(type, signals),
        clock,
        counted: (result, count) => counted(provider.name, type, result, count),
        changed: () => this.#tell(),
      });
    const outboxes = { logs: outboxOf('logs'), spans: outboxOf('spans'), counts: outboxOf('counts') };
    this.#open.set(provider.name, { key: JSON.stringify(provider), outboxes, sender });
  }

  #end(name: string): void {
    const open = this.#open.get(name);
    this.#open.delete(name);
    for (const outbox of Object.values(open?.outboxes ?? {})) outbox.close();
    open?.sender.close();
  }

  #tell(): void {
    this.#options.changed([...this.#open].map(([name, { outboxes }]) => ({ name, ...stateOf(outboxes) })));
  }
}

/** What has been wrong for longest. */
function stateOf(outboxes: Open['outboxes']): OutboxState {
  const states = Object.values(outboxes).map(({ state }) => state);
  const [trouble = null] = states
    .flatMap((state) => state.trouble ?? [])
    .toSorted((a, b) => a.sinceMs - b.sinceMs);
  return { trouble, dropped: states.reduce((sum, { dropped }) => sum + dropped, 0) };
}
