// What SecurityPolicies want of the mutual TLS mode of a port, and who of them decides: the most specific target, there a word about the
// port before one about all ports, then the older.
import type { MtlsMode } from '../../../../api/v1alpha1/mtls.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { Attachment } from './attach.ts';
import { portsWithMode } from './rule-ports.ts';

export interface MtlsWish {
  readonly mode: MtlsMode;
  /** It names the port. */
  readonly isOfPort: boolean;
}

/** Of a policy that holds at the port; port null: at the ports that no Service names. Null: it says nothing of its mode. */
export function wishOf({ spec: { mtls } }: SecurityPolicy, port: number | null): MtlsWish | null {
  if (mtls === undefined) return null;
  const named = port === null ? undefined : mtls.ports.find((one) => one.port === port);
  if (named !== undefined) return { mode: named.mode, isOfPort: true };
  return mtls.mode === undefined ? null : { mode: mtls.mode, isOfPort: false };
}

type Known = Pick<ReadonlyMap<number, unknown>, 'has'>;

export interface DecidingWish extends Pick<MtlsWish, 'mode'> {
  readonly policy: SecurityPolicy;
}

/** holding: those that hold at the port, in the order of precedence; known: the ports that are told apart. Null: none of them says anything. */
export function decidingWish(
  holding: readonly Attachment[],
  port: number | null,
  known: Known,
): DecidingWish | null {
  const beyond = port === null ? strictBeyondBound(holding, known) : null;
  if (beyond !== null) return beyond;
  let first: (DecidingWish & Pick<Attachment, 'level'>) | null = null;
  for (const { policy, level } of holding) {
    if (first !== null && first.level !== level) break;
    const wish = wishOf(policy, port);
    if (wish?.isOfPort === true) return { policy, mode: wish.mode };
    if (wish !== null) first ??= { policy, level, mode: wish.mode };
  }
  return first;
}

/** Ports that policies name and that are not told apart from the others: plaintext that one of them may not get comes to none. */
function strictBeyondBound(holding: readonly Attachment[], known: Known): DecidingWish | null {
  const leftOut = holding.flatMap(({ policy }) => portsWithMode(policy)).filter((port) => !known.has(port));
  for (const port of new Set(leftOut)) {
    const wish = decidingWish(holding, port, known);
    if (wish?.mode === 'Strict') return wish;
  }
  return null;
}
