// The mesh → Envoy resources → a snapshot. Whatever fails in it, the last good snapshot stays.
import { rootCertificates } from 'node:tls';
import type { Log } from '../process/log.ts';
import type { Metrics } from '../process/metrics.ts';
import { throttle } from '../process/throttle.ts';
import { createResourceBuilder } from '../envoy/resources/build.ts';
import { isSameValue } from '../values/same-value.ts';
import { checkMessage } from '../envoy/checks/check-message.ts';
import { typeUrl as urls } from '../envoy/proto/type-urls.ts';
import { encodeAny } from '../envoy/proto/registry.ts';
import { buildSnapshot, isSameContent, type SnapshotTools } from '../xds/snapshot/snapshot.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import type { Context, Made, Reads, Writes } from './part.ts';
import { guarded, type StageContext, timed } from './stage.ts';

type Cells = Reads<'translation' | 'serverCertificate' | 'connectedWorkloads'> &
  Writes<'snapshot' | 'publishedTrust'>;

export interface PublicationContext extends StageContext {
  readonly metrics: Pick<Metrics, 'stageDone' | 'resourcesInvalid'>;
  readonly settings: Pick<Context['settings'], 'skipChecks'>;
}

/** Of Mozilla, as this version of Node.js has them: the same for all replicas of a version. */
const publicRoots = rootCertificates.join('\n');

/** Nothing is published before there is a Mesh and a root to trust. */
export function createPublication(cells: Cells, context: PublicationContext): Made {
  const { translation, serverCertificate, connectedWorkloads, snapshot, publishedTrust } = cells;
  const { log, metrics, settings, clock } = context;
  const tools = snapshotTools(settings);
  const buildResources = createResourceBuilder();
  const publish = (): void => {
    const { ir } = translation.get();
    const certificate = serverCertificate.get();
    // While no Mesh is in force proxies keep what they have.
    if (ir === null || certificate === null) return;
    const { trustBundle, revocationList } = certificate;
    const workloads = connectedWorkloads.get();
    const resources = timed(context, 'build', () =>
      buildResources(ir, { trustBundle, revocationList, workloads, publicRoots }),
    );
    const previous = snapshot.get();
    const next = timed(context, 'publish', () => buildSnapshot(previous, resources, tools));
    metrics.resourcesInvalid(next.invalid.length);
    logInvalid(log, previous, next);
    if (previous === null || !isSame(previous, next)) snapshot.set(next);
    const isTrustPublished = next.invalid.every(({ typeUrl }) => typeUrl !== urls.secret);
    if (isTrustPublished && publishedTrust.get() !== trustBundle) publishedTrust.set(trustBundle);
  };
  const rebuild = (): void => guarded(context, publish);
  translation.subscribe(rebuild);
  serverCertificate.subscribe(rebuild);
  connectedWorkloads.subscribe(throttle(rebuild, clock));
  return {};
}

function snapshotTools({ skipChecks }: PublicationContext['settings']): SnapshotTools {
  const skip = new Set(skipChecks.map((check) => ({ re2: 'regex' as const })[check]));
  return { encodeAny, check: (typeUrl, message) => checkMessage(typeUrl, message, skip) };
}

function isSame(previous: Snapshot, next: Snapshot): boolean {
  return isSameContent(previous, next) && isSameValue(previous.invalid, next.invalid);
}

function logInvalid(log: Log, previous: Snapshot | null, snapshot: Snapshot): void {
  const known = new Set(previous?.invalid.map(({ name, message }) => `${name} ${message}`));
  for (const { layer, typeUrl, name, message } of snapshot.invalid) {
    if (!known.has(`${name} ${message}`))
      log.warn({ layer, typeUrl, name, problem: message }, 'resource failed validation, not published');
  }
}
