// Certificates from the first Mesh on: for every identity in use, and for the server of this operator.
import type { Authority } from '../certificates/authority.ts';
import { openStoredAuthority } from '../certificates/stored-authority.ts';
import { operatorSpiffeId } from '../certificates/identity.ts';
import type { Issuer } from '../certificates/issuer-ports.ts';
import { createIssuer } from '../certificates/issuer.ts';
import { rootSecretName } from '../certificates/names.ts';
import { createPodRefresh } from '../certificates/pod-refresh.ts';
import { Requester } from '../certificates/requested/requester.ts';
import type { IdentityIr, MeshIr } from '../ir/mesh-ir.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { Clock } from '../process/clock.ts';
import type { Metrics } from '../process/metrics.ts';
import { defaultServiceAccount, identityOf } from '../translate/facts/identity.ts';
import { podAddresses, runsOnItsOwnAddress } from '../translate/facts/pod-address.ts';
import { injectedKey } from '../values/own-names.ts';
import type { ObjectChange } from './board.ts';
import type { Context, LeaderCallbacks, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'change' | 'translation' | 'rootEvidence'> & Writes<'serverCertificate' | 'certificates'>;

/** Every operator looks every 5 s how far a root is rotated, and what it serves then is on its way a moment longer. */
const settleMs = 10_000;

export interface IssuanceContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'secrets' | 'certificateRequests' | 'pods' | 'leases'>;
  readonly settings: Pick<Context['settings'], 'namespace'>;
  readonly metrics: Pick<Metrics, 'certificatesExpire'>;
}

export function createIssuance(cells: Cells, context: IssuanceContext): Required<Made> {
  const { change, translation, rootEvidence, serverCertificate, certificates } = cells;
  const { platform, settings, clock, log, metrics } = context;
  /** The one in force, or the last one: its certificates are kept. */
  let mesh: MeshIr | null = null;
  const requester = requesterOf(platform, clock);
  const issuer = createIssuer({
    openAuthority: (isLeading) =>
      openAuthority(platform.secrets, settings.namespace, { ir: mesh, requester, isLeading, clock }),
    secrets: platform.secrets,
    namespace: settings.namespace,
    clock,
    log,
    onReplaced: createPodRefresh({ pods: platform.pods, workloads: () => mesh?.workloads ?? [], log }),
    evidence: rootEvidence.get,
    settleMs: platform.leases === undefined ? 0 : settleMs,
    onChange: (state) => {
      metrics.certificatesExpire({
        root: state.rootNotAfter,
        intermediate: state.authority?.expiry.intermediate ?? undefined,
        earliestLeaf: state.firstLeafNotAfter,
      });
      certificates.set(state);
    },
  });
  /** The trust domain of the root and of the operator's own certificate is that of the first Mesh. */
  const begin = (ir: MeshIr): void => {
    const spiffeId = operatorSpiffeId(ir.settings.trustDomain, settings.namespace);
    const { ttlMs } = ir.settings.certificates;
    const { set } = serverCertificate;
    issuer
      .serverCertificate({ spiffeId, ttlMs }, set)
      .then(set)
      .catch((error: unknown) => log.warn({ error }, 'no certificate for the xds port'));
    void issuer.start();
  };

  translation.subscribe(() => {
    const { ir } = translation.get();
    if (ir === null) return;
    const before = mesh;
    mesh = ir;
    const isSame = before?.identities === ir.identities && before.settings === ir.settings;
    if (!isSame) issuer.setIdentities(ir.identities, ir.settings.certificates);
    if (before === null) begin(ir);
  });
  rootEvidence.subscribe(() => issuer.evidenceChanged());
  change.subscribe(() => {
    if (mesh !== null) issuer.recheck(waitingFor(change.get(), mesh.settings.trustDomain));
  });
  return {
    component: {
      name: issuer.name,
      start: () => Promise.resolve(),
      stop: () => issuer.stop(),
      // Without a Mesh there is nothing to certify.
      ready: () => translation.get().ir === null || issuer.ready(),
    },
    leaderCallbacks: termsOf(issuer, requester),
  };
}

function requesterOf({ certificateRequests }: IssuanceContext['platform'], clock: Clock): Requester | null {
  return certificateRequests === undefined ? null : new Requester(certificateRequests, clock);
}

function termsOf(issuer: Issuer, requester: Requester | null): LeaderCallbacks {
  return {
    onStartedLeading: () => {
      requester?.startTerm();
      issuer.onStartedLeading();
    },
    onStoppedLeading: () => issuer.onStoppedLeading(),
  };
}

/** Of a pod that cannot start before its volumes are mounted. */
function waitingFor(seen: ObjectChange | null, trustDomain: string): readonly IdentityIr[] {
  if (seen?.type !== 'upsert' || seen.object.kind !== 'Pod') return [];
  const { metadata, spec } = seen.object;
  const isWaiting =
    metadata.annotations?.[injectedKey] !== undefined &&
    runsOnItsOwnAddress(seen.object) &&
    podAddresses(seen.object).length === 0;
  const { serviceAccountName = defaultServiceAccount } = spec;
  return isWaiting ? [identityOf(trustDomain, metadata.namespace ?? '', serviceAccountName)] : [];
}

interface Opening {
  readonly ir: MeshIr | null;
  readonly requester: Requester | null;
  readonly isLeading: boolean;
  readonly clock: Clock;
}

function openAuthority(
  secrets: SecretPort,
  namespace: string,
  { ir, requester, isLeading, clock }: Opening,
): Promise<Authority> {
  if (ir === null) return Promise.reject(new Error('no Mesh is accepted yet'));
  const { trustDomain, certificates } = ir.settings;
  return openStoredAuthority({
    secrets,
    namespace,
    authority: certificates.authority,
    secretName: rootSecretName,
    trustDomain,
    asking: requester === null ? undefined : { requester, isLeading, ttlMs: certificates.ttlMs },
    now: () => clock.now(),
  });
}
