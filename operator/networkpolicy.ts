// `meshwright networkpolicy`: a NetworkPolicy for the pods of a namespace. Reads a cluster or manifests; writes nothing but text.
import { parseArgs } from 'node:util';
import {
  networkPolicyHelp,
  networkPolicyOptions,
  readNetworkPolicyOptions,
} from './suggest/network-policy-options.ts';
import { networkPolicyText } from './suggest/network-policy.ts';
import { imaginedFrom, lookAtCluster, manifestsAt } from './wiring/one-look.ts';

/** As in diff(1): 0 and 1 are answers. */
const misused = 2;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: networkPolicyOptions });
  if (values.help === true) {
    process.stdout.write(networkPolicyHelp);
    return;
  }
  const options = readNetworkPolicyOptions(values);
  const resources =
    options.files === null
      ? await (
          await lookAtCluster(options)
        )()
      : await imaginedFrom(await manifestsAt(options.files));
  process.stdout.write(networkPolicyText(resources, options));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = misused;
});
