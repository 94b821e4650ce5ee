// The authority that the Mesh asks for: what it is at present. Entry: readWanted.
import type { AuthorityIr } from '../ir/mesh-ir.ts';
import type { SecretData, SecretPort } from '../ports/platform.ts';
import type { WantedAuthority } from './authority-change.ts';
import { textOf } from './error-text.ts';
import { IntermediateRefused, parseIntermediate } from './intermediate.ts';
import { type AskSettings, wantedIssuer } from './requested/wanted-issuer.ts';
import { pluggedPair } from './stored-roots.ts';

export interface PluggedSettings extends AskSettings {
  readonly secrets: Pick<SecretPort, 'readBrought'>;
}

/** present: what is in force; undefined: nothing yet. Never rejects: what cannot be read or used is `Unusable`. */
export async function readWanted(
  authority: AuthorityIr,
  settings: PluggedSettings,
  present?: SecretData,
): Promise<WantedAuthority> {
  if (authority.type === 'BuiltIn') return { type: 'BuiltIn' };
  if (authority.type === 'CertManager') return wantedIssuer(authority, settings, present);
  const { namespace, now } = settings;
  const where = `Secret ${namespace}/${authority.secretName}`;
  try {
    const data = await settings.secrets.readBrought(namespace, authority.secretName);
    if (data === undefined)
      return {
        type: 'Unusable',
        where,
        why: `${where} does not exist. Create it with tls.crt, tls.key and ca.crt.`,
      };
    const root = parseIntermediate(data, { where, now: now() });
    return { type: 'Plugged', where, root, pair: pluggedPair(data) };
  } catch (error) {
    const why =
      error instanceof IntermediateRefused ? error.message : `${where} cannot be read: ${textOf(error)}.`;
    return { type: 'Unusable', where, why };
  }
}
