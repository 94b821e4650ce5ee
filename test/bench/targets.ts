// What the figures are to reach, with the server on one core. Targets belong to sizes: elsewhere there is none.

/** Under what a figure was measured. */
export interface Setting {
  readonly proxies: number;
  readonly services: number;
  readonly tls: boolean;
  readonly isApi: boolean;
}

type Targets = Readonly<Record<string, number>>;

const always: Targets = { 'not complete': 0, 'not heard': 0, 'lost streams': 0 };

/** At 1,000 proxies and 1,000 services. */
const atScale: Readonly<Record<string, Targets>> = {
  '1': { seconds: 5, 'cpu s/GB': 3, 'peak MB': 450, 'loop p99 ms': 50 },
  '2': { 'last p50 ms': 30, 'last p99 ms': 100, 'bytes ratio': 1.2, 'loop p99 ms': 50 },
  '3': { 'bytes/proxy': 4096, 'loop p99 ms': 50 },
  '4': { 'p99 ms': 500, lost: 0, 'core %': 60, 'loop p99 ms': 50 },
  '5': { seconds: 2, 'bytes/proxy': 2048, 'loop p99 ms': 50 },
};

/** At 1,000 services, with the hundred proxies of S9. */
const little: Targets = {
  'ready s': 1.5,
  'start cpu s': 1,
  'idle cpu ms/s': 1,
  'rest MB': 140,
  'cpu ms/change': 20,
};

/** From the write to the API server. */
const fromApi: Readonly<Record<string, Targets>> = {
  '2': { 'last p50 ms': 40, 'last p99 ms': 120 },
  '3': { 'last p50 ms': 50, 'last p99 ms': 150 },
};

/** At every size. */
const everywhere: Readonly<Record<string, Targets>> = {
  '8': { 'responses/proxy/change': 1 },
};

/** The most a figure may be; undefined: nobody has said. */
export function targetOf(scenario: string, figure: string, setting: Setting): number | undefined {
  const { proxies, services, tls, isApi } = setting;
  const baseMb = services === 1000 ? 250 : services === 5000 ? 700 : undefined;
  if (scenario === '0' && figure === 'base MB') return baseMb;
  if (scenario === '9' && services === 1000 && little[figure] !== undefined) return little[figure];
  const own: Targets = { ...always, ...everywhere[scenario] };
  if (proxies !== 1000 || services !== 1000) return own[figure];
  const perProxy: Targets = scenario === '1' && tls ? { 'KB/proxy': 150 } : {};
  return { ...own, ...atScale[scenario], ...perProxy, ...(isApi && fromApi[scenario]) }[figure];
}
