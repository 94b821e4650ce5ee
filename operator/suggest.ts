// `meshwright suggest`: policies from calls that were seen. Reads a cluster or manifests; writes nothing but text.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { policyText } from './suggest/policy-text.ts';
import { readAccessLog, readTraffic } from './suggest/seen.ts';
import {
  readSuggestOptions,
  suggestHelp,
  type SuggestOptions,
  suggestOptions,
} from './suggest/suggest-options.ts';
import { suggest } from './suggest/suggestions.ts';
import { targetsIn } from './suggest/targets.ts';
import { imaginedFrom, lookAtCluster, manifestsAt } from './wiring/one-look.ts';

/** As in diff(1): 0 and 1 are answers. */
const misused = 2;
const defaultTrustDomain = 'cluster.local';

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: suggestOptions });
  if (values.help === true) {
    process.stdout.write(suggestHelp);
    return;
  }
  const { input, files, ...cluster } = readSuggestOptions(values);
  const said = await inputFrom(input.from);
  const observed = input.kind === 'traffic' ? readTraffic(said) : readAccessLog(said);
  const resources =
    files === null ? await (await lookAtCluster(cluster))() : await imaginedFrom(await manifestsAt(files));
  const suggestions = suggest(observed.seen, targetsIn(resources));
  const trustDomain = resources.meshes[0]?.spec.trustDomain ?? defaultTrustDomain;
  process.stdout.write(policyText(suggestions, { observed, trustDomain }));
  process.exitCode = suggestions.suggestions.length === 0 ? 1 : 0;
}

async function inputFrom(from: SuggestOptions['input']['from']): Promise<string> {
  if (from === '-') return text(process.stdin);
  if (!/^https?:\/\//.test(from)) return readFile(from, 'utf8');
  const response = await fetch(from);
  if (!response.ok) throw new Error(`${from} answered ${response.status}: ${await response.text()}`);
  return response.text();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = misused;
});
