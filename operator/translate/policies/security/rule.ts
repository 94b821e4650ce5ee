// One rule of a SecurityPolicy, as a user writes it.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';

type Authorization = NonNullable<SecurityPolicy['spec']['authorization']>;

export type Rule = NonNullable<Authorization['rules']>[number];
