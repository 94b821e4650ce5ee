// What the status of a policy says about its login.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { type ConditionDraft, conditionType, reason } from '../../../conditions/conditions.ts';
import type { SecurityAttachments } from './attach.ts';
import type { Logins } from './login.ts';

const refused = 'Until then, browsers without a session are refused with 401, and nobody can log in.';

/** The condition LoginReady, for a policy with a login; none for others. */
export function loginCondition(
  policy: SecurityPolicy,
  logins: Logins,
  winners: ReadonlyMap<SecurityPolicy, SecurityPolicy>,
): readonly ConditionDraft[] {
  const state = logins.get(policy);
  if (state === undefined) return [];
  const type = conditionType.loginReady;
  if (state.problem !== null) {
    return [
      { type, status: 'False', reason: state.problem.reason, message: `${state.problem.message} ${refused}` },
    ];
  }
  const winner = winners.get(policy);
  if (winner !== undefined) {
    const { namespace = '', name } = winner.metadata;
    const message = `SecurityPolicy ${namespace}/${name} decides about login for some targets instead, because it is more specific or older. A port has one login. Merge the two, or change the targets.`;
    return [{ type, status: 'False', reason: reason.overridden, message }];
  }
  const message = `Browsers log in at ${new URL(state.login.authorizationEndpoint).host}, on HTTP ports of the targets. On TCP ports, login has no effect.`;
  return [{ type, status: 'True', reason: reason.loginReady, message }];
}

/** Policy with a login → the one whose login holds in its place somewhere. */
export function loginWinners(
  { byWorkload }: Pick<SecurityAttachments, 'byWorkload'>,
  logins: Logins,
): ReadonlyMap<SecurityPolicy, SecurityPolicy> {
  const winners = new Map<SecurityPolicy, SecurityPolicy>();
  if (logins.size < 2) return winners;
  for (const attached of byWorkload.values()) {
    const wishes = attached.filter(({ policy }) => logins.has(policy));
    for (const [index, wish] of wishes.entries()) {
      const stronger = wishes
        .slice(0, index)
        .find(({ policy, ports }) => policy !== wish.policy && overlap(ports, wish.ports));
      if (stronger !== undefined) winners.set(wish.policy, stronger.policy);
    }
  }
  return winners;
}

function overlap(a: ReadonlySet<number> | null, b: ReadonlySet<number> | null): boolean {
  return a === null || b === null || [...a].some((port) => b.has(port));
}
