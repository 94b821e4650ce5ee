// `meshwright check`: what is weak in a mesh. Reads a cluster or manifests; writes nothing.
import { parseArgs } from 'node:util';
import { checkHelp, checkOptions, readCheckOptions } from './explain/check/check-options.ts';
import { reportFindings } from './explain/check/check-report.ts';
import { findingsIn } from './explain/check/findings.ts';
import { type OperatorView, readOperatorView } from './explain/check/operator-view.ts';
import { imaginedFrom, lookAtCluster, manifestsAt } from './wiring/one-look.ts';

/** As in diff(1): 0 and 1 are answers. */
const misused = 2;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: checkOptions });
  if (values.help === true) {
    process.stdout.write(checkHelp);
    return;
  }
  const { files, operator, output, ...cluster } = readCheckOptions(values);
  const resources =
    files === null ? await (await lookAtCluster(cluster))() : await imaginedFrom(await manifestsAt(files));
  const known = {
    nowMs: Date.now(),
    operator: operator === null ? null : await viewOf(operator, cluster.timeoutMs),
    isImagined: files !== null,
  };
  const { text, exitCode } = reportFindings(findingsIn(resources, known), output);
  process.stdout.write(text);
  process.exitCode = exitCode;
}

async function viewOf(address: string, timeoutMs: number): Promise<OperatorView> {
  const ask = async (path: string): Promise<string> => {
    const url = new URL(path, address);
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`${url.href} answered ${response.status}.`);
    return response.text();
  };
  return readOperatorView(await ask('/debug/traffic'), await ask('/metrics'));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = misused;
});
