// What sidecars log, trace and count goes to the providers of the Mesh. Each replica passes on what its own sidecars tell.
import { status } from '@grpc/grpc-js';
import type { SecretPort } from '../ports/platform.ts';
import { Providers } from '../providers/providers.ts';
import { createSender } from '../providers/send.ts';
import { type SignalHost, signalServices } from '../providers/service.ts';
import type { Source } from '../providers/signals.ts';
import { Pace } from '../telemetry/pace.ts';
import { rememberLast } from '../values/remember.ts';
import { spiffeIdOf } from '../xds/server/authorize.ts';
import { authorizeStream } from '../xds/server/authorize-stream.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import type { ProvableWorkload } from './board.ts';
import { sourceOf } from './expected-source.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'identities' | 'translation' | 'ownCounts'> & Writes<'signalServices' | 'providerReports'>;

export type ProvidersContext = Pick<Context, 'settings' | 'clock' | 'log'> & {
  readonly platform: { readonly secrets: Pick<SecretPort, 'readBrought'> };
  readonly metrics: Pick<Context['metrics'], 'telemetrySent' | 'signalsReceived'>;
};

/**
 * Of one sidecar, in bytes: 8 MB a second are some thousand requests, each with a record of all fields and a span. More would take the operator's
 * time from others.
 */
const mostSent = { perSecond: 8_000_000, burst: 32_000_000 };
/** What the smallest message counts: its call costs, too. */
const leastBytes = 4_096;

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
  services.set(receiving(identities, { settings, clock, log, metrics }, (signal) => providers.offer(signal)));
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

function receiving(
  identities: Cells['identities'],
  { settings, clock, log, metrics }: Pick<ProvidersContext, 'settings' | 'clock' | 'log' | 'metrics'>,
  take: SignalHost['take'],
): readonly GrpcService[] {
  const pace = new Pace(mostSent);
  return signalServices({
    senderOf: provenSender(identities),
    allow: (sender, bytes) => pace.allow(sender, clock.monotonicMs(), Math.max(bytes, leastBytes)),
    sourceOf: provenSource(identities, settings),
    take: (signal) => {
      metrics.signalsReceived('taken');
      take(signal);
    },
    refused: (why, peer, reason) => {
      metrics.signalsReceived('refused');
      log.debug({ peer, why, reason }, 'logs or spans of a sidecar refused');
    },
  });
}

/** The identity of a workload, and an address: the pods of a service account have one each. */
function provenSender(identities: Cells['identities']): SignalHost['senderOf'] {
  const known = rememberLast(
    (workloads: ReadonlyMap<string, ProvableWorkload> | null) =>
      new Set([...(workloads?.values() ?? [])].map(({ identity }) => identity.spiffeId)),
  );
  return (call) => {
    const spiffeId = spiffeIdOf(call.getAuthContext()?.sslPeerCertificate?.subjectaltname);
    if (spiffeId !== null && known(identities.get()).has(spiffeId))
      return { sender: `${spiffeId} ${call.getPeer().replace(/:\d+$/, '')}` };
    return { code: status.PERMISSION_DENIED, reason: 'no workload has the identity of the certificate' };
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
