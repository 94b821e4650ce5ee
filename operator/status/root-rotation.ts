// How the rotation of the root stands: a condition and a field of the Mesh. Pure. Entries: rootRotatedOf, rootRotationField.
import type { MeshStatus } from '../../api/v1alpha1/mesh.ts';
import type { RootState } from '../certificates/issuer-ports.ts';
import {
  holdersOf,
  isRotationDue,
  type Evidence,
  type ProxyProof,
  type Rotation,
} from '../certificates/rotation.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { RootRotationIr } from '../ir/mesh-ir.ts';
import { timestamp } from './object-status.ts';

export interface RotationReport {
  readonly root: RootState;
  /** Of the Mesh in force. */
  readonly wish: RootRotationIr;
  /** Kubelets renew the certificates of some pods, when they think that it is time. */
  readonly hasPodCertificates?: boolean;
  /** Empty while no rotation is under way. */
  readonly evidence: Evidence;
}

/** undefined before the first rotation. */
export function rootRotatedOf(report: RotationReport, now: Date): ConditionDraft | undefined {
  const { rotation, last, facts } = report.root;
  const type = conditionType.rootRotated;
  if (rotation !== null) return { type, status: 'False', ...underWay(rotation, report, now) };
  if (isRotationDue(facts, report.wish, now.getTime())) {
    const message = 'The root certificate is about to be replaced. Wait.';
    return { type, status: 'False', reason: reason.pending, message };
  }
  if (last === null) return undefined;
  const at = timestamp(new Date(last.atMs));
  const until = timestamp(new Date(facts.notAfterMs));
  if (last.outcome === 'Completed') {
    const message = `The root certificate was replaced at ${at} and is valid until ${until}. No proxy trusts the former one.`;
    return { type, status: 'True', reason: reason.rotated, message };
  }
  const again =
    report.wish.mode === 'Abort'
      ? 'set spec.certificates.rootRotation.mode to Proceed'
      : 'set spec.certificates.rootRotation.issuedAfter to the present time';
  const message = `The rotation of the root certificate was aborted at ${at}. The former root stays in use until ${until}. To try again, ${again}.`;
  return { type, status: 'False', reason: reason.aborted, message };
}

/** undefined while no rotation is under way. */
export function rootRotationField(
  report: RotationReport,
): NonNullable<MeshStatus['certificates']>['rootRotation'] {
  const { rotation } = report.root;
  if (rotation === null) return undefined;
  const waitingFor = holdersIn(report).length;
  return {
    phase: rotation.phase,
    direction: rotation.isBack ? 'Back' : 'Forward',
    since: timestamp(new Date(rotation.sinceMs)),
    ready: report.evidence.proxies.length - waitingFor,
    waitingFor,
  };
}

const phaseReason = {
  Prepare: reason.prepare,
  TrustBoth: reason.trustBoth,
  Switch: reason.switch,
  Retire: reason.retire,
} as const;

function underWay(
  rotation: Rotation,
  report: RotationReport,
  now: Date,
): Pick<ConditionDraft, 'reason' | 'message'> {
  const holders = holdersIn(report);
  const isLate = now.getTime() - rotation.sinceMs >= report.wish.phaseTimeoutMs;
  const slow = report.hasPodCertificates === true && rotation.phase === 'Switch' && holders.length > 0;
  const message = [
    task(rotation),
    waiting(rotation, holders),
    slow ? byKubelets : '',
    isLate ? whatToDo(rotation, holders) : '',
  ];
  const usual = rotation.isBack ? reason.aborting : phaseReason[rotation.phase];
  return {
    reason: isLate ? reason.phaseTimeout : usual,
    message: message.filter((it) => it !== '').join(' '),
  };
}

function holdersIn({ root, evidence }: RotationReport): readonly ProxyProof[] {
  return root.rotation === null ? [] : holdersOf(root.rotation, root.wanted, evidence);
}

function task({ phase, isBack }: Rotation): string {
  const [coming, going] = isBack ? ['former', 'new'] : ['new', 'former'];
  const tasks = {
    Prepare: 'A new root certificate is created.',
    TrustBoth: 'Proxies are told to trust both root certificates.',
    Switch: `All certificates are replaced by ones of the ${coming} root, and proxies reconnect with them.`,
    Retire: `Proxies are told to trust only the ${coming} root and to forget the ${going} one.`,
  };
  return isBack ? `The rotation is being aborted. ${tasks[phase]}` : tasks[phase];
}

function waiting({ phase }: Rotation, holders: readonly ProxyProof[]): string {
  if (holders.length === 0) return phase === 'Prepare' ? '' : 'All proxies have done so.';
  const count = holders.length === 1 ? '1 proxy' : `${holders.length} proxies`;
  return `Waiting for ${count}: ${listed(holders)}.`;
}

const byKubelets =
  'Pods renew pod certificates after about half of spec.certificates.workloadTTL; to go on sooner, restart their workloads.';
const mostListed = 10;

function listed(holders: readonly ProxyProof[]): string {
  const names = holders
    .slice(0, mostListed)
    .map(({ workload, isConnected }) => (isConnected ? workload : `${workload} (disconnected)`));
  const more = holders.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function whatToDo({ isBack }: Rotation, holders: readonly ProxyProof[]): string {
  if (holders.length === 0)
    return 'This takes longer than phaseTimeout. See the Ready condition and the operator log.';
  const abort = isBack ? '' : ', or set spec.certificates.rootRotation.mode to Abort to go back';
  return `This takes longer than phaseTimeout, and the rotation does not go on without them. Restart them or let them connect, delete those that no longer exist${abort}.`;
}
