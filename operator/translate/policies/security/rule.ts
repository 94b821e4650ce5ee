// One rule of a SecurityPolicy, as a user writes it.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';

export type Rule = NonNullable<SecurityPolicy['spec']['authorization']>['rules'][number];
