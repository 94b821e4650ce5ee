// Certificates from the first Mesh on: for every identity in use, and for the server of this operator.
import type { Delivery } from '../certificates/delivery.ts';
import { operatorSpiffeId } from '../certificates/identity.ts';
import type { Issuer, IssuerState } from '../certificates/issuer-ports.ts';
import { createIssuer } from '../certificates/issuer.ts';
import { createPodRefresh } from '../certificates/pod-refresh.ts';
import { Requester } from '../certificates/requested/requester.ts';
import type { IdentityIr, MeshIr } from '../ir/mesh-ir.ts';
import type { Clock } from '../process/clock.ts';
import type { CertificateEnds, Metrics } from '../process/metrics.ts';
import { defaultServiceAccount, identityOf } from '../translate/facts/identity.ts';
import { podAddresses, runsOnItsOwnAddress } from '../translate/facts/pod-address.ts';
import { sameItems } from '../values/remember.ts';
import { injectedKey } from '../values/own-names.ts';
import type { ObjectChange } from './board.ts';
import { openMeshAuthority } from './mesh-authority.ts';
import type { Context, LeaderCallbacks, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'change' | 'translation' | 'delivery' | 'rootEvidence'> &
  Writes<'serverCertificate' | 'certificates'>;

/** Every operator looks every 5 s how far a root is rotated, and what it serves then is on its way a moment longer. */
const settleMs = 10_000;

export interface IssuanceContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<
    Context['platform'],
    'secrets' | 'certificateRequests' | 'pods' | 'podCertificates' | 'leases'
  >;
  readonly settings: Pick<Context['settings'], 'namespace'>;
  readonly metrics: Pick<Metrics, 'certificatesExpire'>;
}

export function createIssuance(cells: Cells, context: IssuanceContext): Required<Made> {
  const { change, translation, delivery, rootEvidence, serverCertificate, certificates } = cells;
  const { platform, settings, clock, log, metrics } = context;
  const { podCertificates } = platform;
  /** The one in force, or the last one: its certificates are kept. */
  let mesh: MeshIr | null = null;
  const requester = requesterOf(platform, clock);
  const issuer = createIssuer({
    openAuthority: (isLeading) =>
      openMeshAuthority(platform.secrets, settings.namespace, { ir: mesh, requester, isLeading, clock }),
    secrets: platform.secrets,
    namespace: settings.namespace,
    clock,
    log,
    ...createPodRefresh({ pods: platform.pods, workloads: () => mesh?.workloads ?? [], log }),
    ...(podCertificates !== undefined && { publishTrust: (roots) => podCertificates.publishTrust(roots) }),
    evidence: rootEvidence.get,
    settleMs: platform.leases === undefined ? 0 : settleMs,
    onChange: (state) => {
      metrics.certificatesExpire(endsOf(state));
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
  const tell = createTelling(issuer);
  const want = (): void => {
    if (mesh !== null) tell(mesh, delivery.get());
  };
  translation.subscribe(() => {
    const { ir } = translation.get();
    if (ir === null) return;
    const isFirst = mesh === null;
    mesh = ir;
    want();
    if (isFirst) begin(ir);
  });
  delivery.subscribe(want);
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

function endsOf({ rootNotAfter, authority, leafEnds }: IssuerState): CertificateEnds {
  const intermediate = authority?.expiry.intermediate ?? undefined;
  return { root: rootNotAfter, intermediate, leaves: leafEnds };
}

/** Tells the issuer whenever something else is wanted of it. */
function createTelling(issuer: Issuer): (mesh: MeshIr, delivery: Delivery | null) => void {
  let told: readonly unknown[] = [];
  return (mesh, delivery) => {
    const { identities, workloads, settings } = mesh;
    const next = [identities, workloads, settings, delivery];
    if (sameItems(told, next)) return;
    told = next;
    const isByKubelets = delivery?.inUse === 'PodCertificate' && delivery.isPossible;
    issuer.setTrustWanted(isByKubelets || workloads.some((it) => it.hasPodCertificate === true));
    // As long as it is not known, nobody gets a Secret who may not need it.
    const wanted = delivery?.inUse === 'Secret' ? identities : withSecrets(mesh);
    issuer.setIdentities(wanted, settings.certificates);
  };
}

/** Where kubelets ask for certificates: of workloads that have theirs from a Secret still, or from files that are copied from there. */
function withSecrets({ identities, workloads }: MeshIr): readonly IdentityIr[] {
  const used = new Set(
    workloads.filter((it) => it.hasPodCertificate !== true).map(({ identity }) => identity.spiffeId),
  );
  return identities.filter(({ spiffeId }) => used.has(spiffeId));
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
