// Content of a state file with a version and a checksum: one that is damaged is told from one that is not there.
import { z } from 'zod';
import { sha256 } from '../../../values/fingerprint.ts';
import { readRegularFile } from '../folder/regular-file.ts';

/** Of the format. A file of another version is not read. */
const version = 1;
/** More than the largest document there can be. */
const maxBytes = 32 * 1024 * 1024;

export function sealed(content: unknown): string {
  return `${JSON.stringify({ version, checksum: checksumOf(content), content }, null, 1)}\n`;
}

/** What was sealed. Throws if the file is gone, damaged or of another version. */
export async function unsealed(path: string): Promise<unknown> {
  const file = await readRegularFile(path, maxBytes);
  if (file === undefined) throw new Error('it is gone.');
  if (file.kind === 'unreadable') throw new Error(`it ${file.reason}`);
  const parsed = Sealed.safeParse(parseJson(file.text));
  if (!parsed.success) throw new Error('it is not what was written.');
  if (parsed.data.version !== version)
    throw new Error(`it has version ${parsed.data.version}, and this operator reads version ${version}.`);
  if (parsed.data.checksum !== checksumOf(parsed.data.content))
    throw new Error('its checksum does not hold.');
  return parsed.data.content;
}

const Sealed = z.object({ version: z.int(), checksum: z.string(), content: z.unknown() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON keeps the order of keys, so what was read is written alike. */
function checksumOf(content: unknown): string {
  return sha256(JSON.stringify(content));
}
