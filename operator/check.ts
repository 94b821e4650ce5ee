// `meshwright check`: what is weak in a mesh. Reads a cluster or manifests; writes nothing.
import { parseArgs } from 'node:util';
import { checkHelp, checkOptions, readCheckOptions } from './explain/check/check-options.ts';
import { reportFindings } from './explain/check/check-report.ts';
import { findingsIn } from './explain/check/findings.ts';
import { imaginedFrom, lookAtCluster, manifestsAt } from './wiring/one-look.ts';

/** As in diff(1): 0 and 1 are answers. */
const misused = 2;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: checkOptions });
  if (values.help === true) {
    process.stdout.write(checkHelp);
    return;
  }
  const { files, output, ...cluster } = readCheckOptions(values);
  const resources =
    files === null ? await (await lookAtCluster(cluster))() : await imaginedFrom(await manifestsAt(files));
  const { text, exitCode } = reportFindings(findingsIn(resources), output);
  process.stdout.write(text);
  process.exitCode = exitCode;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = misused;
});
