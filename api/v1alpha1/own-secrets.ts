// References to Secrets in the namespace of the operator that people bring.
import type { CelRule } from '../schema.ts';

/** For an object with name. */
export const ownSecretRule: CelRule = {
  rule: "!(self.name in ['meshwright-ca', 'meshwright-operator-certificate', 'meshwright-revocations'])",
  message: 'Name a Secret of your own: Meshwright writes this one itself.',
};
