// The command line and the environment of the demo.
import { parseArgs } from 'node:util';
import { DemoError } from './demo-error.ts';

export interface Options {
  /** Play the scenes, check them, stop everything and exit. */
  readonly once: boolean;
  /** Leave the temporary folder (YAML, state, logs) behind. */
  readonly keep: boolean;
  /** No scenes: what others count of known calls is compared with what was done. */
  readonly telemetry: boolean;
  readonly help: boolean;
  /** The user's own Envoy, and where fetched files are kept: see FindEnvoyOptions. */
  readonly envoy: { readonly path: string | undefined; readonly cacheHome: string | undefined };
}

export const usage = `Usage: node demo/main.ts [--telemetry] [--once] [--keep]

  --telemetry   no scenes: start Prometheus, an OpenTelemetry Collector and a plug-in, make known calls, and
                compare what they and the dashboard say with what was done
  --once        check, stop every process and exit 0 (all checks passed) or 1
  --keep        leave the folder with the YAML, the state and the logs behind
  --help        print this help

  MESHWRIGHT_ENVOY=<path>   an Envoy of your own instead of the one from PyPI
  NO_COLOR=1                no colours
`;

/** @throws DemoError if an argument is not known. */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const flag = { type: 'boolean', default: false } as const;
  const options = { once: flag, keep: flag, telemetry: flag, help: { ...flag, short: 'h' } } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options });
    return { ...values, envoy: { path: env['MESHWRIGHT_ENVOY'], cacheHome: env['XDG_CACHE_HOME'] } };
  } catch (error) {
    throw new DemoError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}
