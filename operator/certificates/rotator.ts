// Drives the rotation of the root: begins one when it is due, and takes its steps. What the next step is, rotation.ts says; each is stored
// before it has any effect, so that it makes no difference who takes the next one.
import type { RootRotationIr } from '../ir/mesh-ir.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import type { Authority, RotatingRoot } from './authority.ts';
import {
  beginRotation,
  type Evidence,
  isRotationDue,
  nextStep,
  type Rotation,
  type Step,
} from './rotation.ts';
import { issuerId } from './stored-roots.ts';

export interface RotatorPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly evidence: () => Evidence;
  /**
   * So long after sidecars are to trust both roots, other operators may serve what was before; and so long after this one began to lead,
   * sidecars may be on their way from one to the other. 0 where there is one operator.
   */
  readonly settleMs: number;
}

/** How the operator itself stands. */
export interface OwnWork {
  /** It has the certificate that it is to have itself, and each root has signed the list of revoked ones, if there is one. */
  readonly isDone: boolean;
  /** Certificates are revoked, or soon will be. */
  readonly isRevoking: boolean;
  readonly leadingSinceMs: number;
}

/** Resolves to whether it changed anything: then the roots are to be read again. To be called by the leader only. */
export async function rotate(
  authority: Authority,
  wish: RootRotationIr,
  own: OwnWork,
  ports: RotatorPorts,
): Promise<boolean> {
  const { rotation } = authority.rotating;
  return rotation === null
    ? begin(authority.rotating, wish, own, ports)
    : goOn(authority, { rotation, wish, own }, ports);
}

async function begin(
  rotating: RotatingRoot,
  wish: RootRotationIr,
  { isRevoking }: OwnWork,
  { clock, log }: RotatorPorts,
): Promise<boolean> {
  const now = clock.now();
  if (!isRotationDue(rotating, wish, now) || (rotating.endsLists && isRevoking)) return false;
  if (await rotating.begin(beginRotation(now))) log.info({ root: rotating.id }, 'root rotation started');
  return true;
}

interface UnderWay {
  readonly rotation: Rotation;
  readonly wish: RootRotationIr;
  readonly own: OwnWork;
}

async function goOn(
  authority: Authority,
  { rotation, wish, own }: UnderWay,
  { clock, log, evidence, settleMs }: RotatorPorts,
): Promise<boolean> {
  const { rotating } = authority;
  const now = clock.now();
  const trustedSinceMs = rotation.phase === 'TrustBoth' ? rotation.sinceMs : 0;
  const settledAtMs = Math.max(trustedSinceMs, own.leadingSinceMs) + settleMs;
  const step = nextStep(rotation, {
    now,
    isAborted: wish.mode === 'Abort',
    wanted: { trust: authority.trustBundle(), signer: issuerId(authority.signer.issuer) },
    evidence: evidence(),
    isOperatorReady: own.isDone && (rotation.phase === 'Prepare' || settledAtMs <= now),
  });
  if (step.type === 'wait') return false;
  // What has expired must not sign.
  if (step.type === 'go' && step.swaps && !rotating.isOtherValid) return false;
  if (await rotating.take(step)) logStep(log, rotating, step);
  return true;
}

function logStep(
  log: Log,
  { id, rotation }: RotatingRoot,
  step: Exclude<Step, { readonly type: 'wait' }>,
): void {
  if (step.type === 'end') log.info({ root: id, outcome: step.outcome }, 'root rotation ended');
  else
    log.info(
      { from: rotation?.phase, to: step.rotation.phase, isBack: step.rotation.isBack },
      'root rotation goes on',
    );
}
