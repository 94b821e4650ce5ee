// The commands of docs/kubernetes.md that take sidecars out by hand, as they stand there. Entry: uninstallByHand.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const page = join(import.meta.dirname, '../../../docs/kubernetes.md');

export async function uninstallByHand(): Promise<string> {
  const [, after = ''] = (await readFile(page, 'utf8')).split('<!-- uninstall by hand: run by the tests -->');
  const script = /```sh\n(?<script>.*?)```/s.exec(after)?.groups?.['script'];
  if (script === undefined) throw new Error(`${page} has no commands to uninstall by hand`);
  return script;
}
