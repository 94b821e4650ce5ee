// Requests of kubelets for certificates of pods, answered from the first Mesh on, by every operator.
import { createPodSigner } from '../certificates/pod-signer.ts';
import type { SigningTerms } from '../certificates/pod-request.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { Namespace } from '../objects/objects.ts';
import type { Metrics } from '../process/metrics.ts';
import { matchesLabels } from '../values/labels.ts';
import { rememberLast } from '../values/remember.ts';
import { openMeshAuthority } from './mesh-authority.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'resources' | 'translation'> & Writes<'waitingRequests'>;

export interface SigningContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'secrets' | 'podCertificates'>;
  readonly settings: Pick<Context['settings'], 'namespace'>;
  readonly metrics: Pick<Metrics, 'podCertificateAnswered' | 'podCertificatesWaiting'>;
}

export function createSigning(cells: Cells, context: SigningContext): Made {
  const { resources, translation, waitingRequests } = cells;
  const { platform, settings, clock, log, metrics } = context;
  const port = platform.podCertificates;
  if (port === undefined) return {};
  /** The one in force, or the last one: its pods keep their certificates. */
  let mesh: MeshIr | null = null;
  const signer = createPodSigner({
    port,
    openAuthority: () =>
      openMeshAuthority(platform.secrets, settings.namespace, {
        ir: mesh,
        requester: null,
        isLeading: false,
        clock,
      }),
    terms: () => termsOf(mesh, resources.get()?.namespaces ?? []),
    clock,
    log,
    onAnswer: metrics.podCertificateAnswered,
    onChange: (waiting) => {
      metrics.podCertificatesWaiting(waiting);
      waitingRequests.set(waiting);
    },
  });
  translation.subscribe(() => {
    mesh = translation.get().ir ?? mesh;
    signer.recheck();
  });
  return { component: signer };
}

const selectedIn = rememberLast(
  (labels: Readonly<Record<string, string>>, namespaces: readonly Namespace[]): ReadonlySet<string> =>
    new Set(
      namespaces
        .filter(({ metadata }) => matchesLabels(labels, metadata.labels ?? {}))
        .map(({ metadata }) => metadata.name),
    ),
);

function termsOf(mesh: MeshIr | null, namespaces: readonly Namespace[]): SigningTerms | null {
  if (mesh === null) return null;
  const { trustDomain, certificates, sidecar } = mesh.settings;
  return {
    trustDomain,
    ttlMs: certificates.ttlMs,
    namespaces: selectedIn(sidecar.namespaceLabels, namespaces),
  };
}
