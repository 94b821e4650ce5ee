// What sidecars log, trace and count goes to the providers of the Mesh. Each replica passes on what its own sidecars tell.
import { status } from '@grpc/grpc-js';
import type { SecretPort } from '../ports/platform.ts';
import { Providers } from '../providers/providers.ts';
import { createSender } from '../providers/send.ts';
import { type SignalHost, signalServices } from '../providers/service.ts';
import type { Source } from '../providers/signals.ts';
import { authorizeStream } from '../xds/server/authorize-stream.ts';
import type { ProvableWorkload } from './board.ts';
import { sourceOf } from './expected-source.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'identities' | 'translation' | 'ownCounts'> & Writes<'signalServices' | 'providerReports'>;

export type ProvidersContext = Pick<Context, 'settings' | 'clock' | 'log'> & {
  readonly platform: { readonly secrets: Pick<SecretPort, 'readBrought'> };
  readonly metrics: Pick<Context['metrics'], 'telemetrySent' | 'signalsReceived'>;
};

export function createProviders(
  { identities, translation, ownCounts, signalServices: services, providerReports }: Cells,
  { settings, clock, log, metrics, platform }: ProvidersContext,
): Required<Pick<Made, 'component'>> {
  const host = {
    readSecret: (name: string) => platform.secrets.readBrought(settings.namespace, name),
    clock,
    metadataServer: settings.metadataServer,
  };
  const providers = new Providers({
    createSender: (provider) => createSender(provider, host),
    clock,
    counted: metrics.telemetrySent,
    changed: (reports) => providerReports.set(reports),
  });
  translation.subscribe(() => {
    const { ir } = translation.get();
    if (ir !== null) providers.set(ir.settings);
  });
  ownCounts.subscribe(() => {
    const counted = ownCounts.get();
    const workload = counted && identities.get()?.get(counted.workload);
    if (!workload) return;
    const timeNs = BigInt(clock.now()) * 1_000_000n;
    providers.offer({
      type: 'counts',
      source: described(counted.workload, workload),
      points: counted.points,
      timeNs,
    });
  });
  services.set(
    signalServices({
      sourceOf: provenSource(identities, settings),
      take: (signal) => {
        metrics.signalsReceived('taken');
        providers.offer(signal);
      },
      refused: (why, peer, reason) => {
        metrics.signalsReceived('refused');
        log.debug({ peer, why, reason }, 'logs or spans of a sidecar refused');
      },
    }),
  );
  return {
    component: {
      name: 'providers',
      start: () => Promise.resolve(),
      stop: () => {
        providers.close();
        return Promise.resolve();
      },
      ready: () => true,
    },
  };
}

/** As for an xDS stream: the certificate, the uid and the address have to fit. */
function provenSource(
  identities: Cells['identities'],
  settings: ProvidersContext['settings'],
): SignalHost['sourceOf'] {
  return (call, nodeId) => {
    const decision = authorizeStream({ call, peer: call.getPeer() }, nodeId, {
      identityOf: (key) => identities.get()?.get(key)?.identity.spiffeId,
      sourceOf: (key) => sourceOf(identities.get()?.get(key), settings),
      isTransportSecure: true,
    });
    if (decision.type === 'denied') return { code: decision.code, reason: decision.message };
    const workload = identities.get()?.get(decision.workload);
    if (decision.type === 'allowed' && workload !== undefined) return described(decision.workload, workload);
    return { code: status.PERMISSION_DENIED, reason: `no workload is known as ${decision.workload}` };
  };
}

function described(workload: string, { kind, namespace, name, identity }: ProvableWorkload): Source {
  const { serviceAccount, spiffeId } = identity;
  return { workload, kind, namespace, name, serviceAccount, spiffeId };
}
