// Runs the Go tool: static binaries, from a go.mod of their own. Entry: go.
import { execFile } from 'node:child_process';

/** Returns stdout; rejects with the end of stderr if the command fails. */
export async function go(args: readonly string[], cwd: string): Promise<string> {
  // oxlint-disable-next-line node/no-process-env -- Go needs its user's proxy and cache settings
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off' };
  return await new Promise((resolve, reject) => {
    execFile('go', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`go ${args.join(' ')} failed: ${stderr.slice(-2000)}`, { cause: error }));
    });
  });
}
