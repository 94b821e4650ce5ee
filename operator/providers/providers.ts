// The providers of the Mesh: what sidecars tell goes to those that it names. Entry: Providers.
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { ProviderReport } from '../conditions/provider-report.ts';
import type { Clock } from '../process/clock.ts';
import { Outbox } from './outbox.ts';
import type { Sender } from './send.ts';
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
  readonly outbox: Outbox;
  readonly sender: Sender;
}

type Settings = Pick<MeshSettingsIr, 'providers' | 'accessLogs' | 'tracing'>;

export class Providers {
  readonly #options: ProvidersOptions;
  readonly #open = new Map<string, Open>();
  #settings: Settings = { providers: [], accessLogs: null, tracing: null };

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
      for (const name of this.#takers(signal)) this.#open.get(name)?.outbox.offer(signal);
      return;
    }
    const { source, type } = signal;
    for (const [log, records] of Map.groupBy(signal.records, (record) => record.log)) {
      const { providers = [] } = this.#settings.accessLogs?.find(({ name }) => name === log) ?? {};
      for (const name of providers) this.#open.get(name)?.outbox.offer({ type, source, records });
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
    const outbox = new Outbox({
      send: sender.send,
      clock,
      counted: (type, result, count) => counted(provider.name, type, result, count),
      changed: () => this.#tell(),
    });
    this.#open.set(provider.name, { key: JSON.stringify(provider), outbox, sender });
  }

  #end(name: string): void {
    const open = this.#open.get(name);
    this.#open.delete(name);
    open?.outbox.close();
    open?.sender.close();
  }

  #tell(): void {
    this.#options.changed([...this.#open].map(([name, { outbox }]) => ({ name, ...outbox.state })));
  }
}
