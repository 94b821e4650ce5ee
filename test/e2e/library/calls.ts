// Calls from pods: one at a time with its outcome, or a steady load. Entries: callFrom, startLoad.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { World } from './world.ts';

export const Outcome = z.object({
  status: z.number().optional(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
  body: z.string().optional(),
  error: z.string().optional(),
  protocol: z.string().optional(),
  subjectaltname: z.string().optional(),
  ms: z.number(),
});
export type Outcome = z.infer<typeof Outcome>;

export interface Caller {
  readonly namespace: string;
  /** The label `app` of its pods. */
  readonly app: string;
}

/** args: as programs/call.ts takes them. */
export async function callFrom(world: World, caller: Caller, ...args: readonly string[]): Promise<Outcome> {
  const command = [...(await execIn(world, caller)), '--', 'node', '/programs/call.ts', ...args];
  return Outcome.parse(JSON.parse(await world.mustKubectl(command)));
}

const Seen = z.object({
  pod: z.string(),
  protocol: z.string(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  peer: z.string().optional(),
});

/** What programs/server.ts says it saw. */
export function seenBy({ body = '' }: Outcome): z.infer<typeof Seen> {
  return Seen.parse(JSON.parse(body));
}

/** Whom the server's sidecar knows the caller as; undefined: it did not come over mutual TLS. */
export function callerIn(outcome: Outcome): string | undefined {
  const certificate = seenBy(outcome).headers['x-forwarded-client-cert'];
  return /URI=([^;,]+)/.exec(String(certificate ?? ''))?.[1];
}

const LoadReport = z.object({
  sent: z.number(),
  rate: z.number(),
  seconds: z.number(),
  failed: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  pods: z.record(z.string(), z.number()),
  failures: z.array(
    z.object({
      call: z.string(),
      at: z.string(),
      status: z.number(),
      afterMs: z.number(),
      what: z.string(),
    }),
  ),
});
export type LoadReport = z.infer<typeof LoadReport>;

export interface Load {
  /** Ends it, and waits for the last answers. */
  stop(): Promise<LoadReport>;
}

/** calls: `GET HTTP/1.1 http://…`; each gets the same share of `rate`, which is calls per second. */
export async function startLoad(
  world: World,
  caller: Caller,
  options: { readonly rate: number; readonly calls: readonly string[] },
): Promise<Load> {
  const exec = await execIn(world, caller);
  const args = options.calls.flatMap((call) => ['--call', call]);
  const node = ['node', '/programs/load.ts', '--rate', String(options.rate), ...args];
  const [program = '', ...rest] = [...world.kubectlCommand, ...exec, '--stdin', '--', ...node];
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  output.catch(() => undefined);
  return {
    stop: async () => {
      child.stdin.end();
      const [stdout, stderr] = await output;
      try {
        return LoadReport.parse(JSON.parse(stdout));
      } catch (cause) {
        throw new Error(`the load ended without a report: ${stdout} ${stderr}`, { cause });
      }
    },
  };
}

/** In a pod that is there to stay: `kubectl exec deployment/…` takes one that is about to end, too. */
async function execIn(world: World, { namespace, app }: Caller): Promise<string[]> {
  const [pod] = await world.pods(namespace, `app=${app}`);
  if (pod === undefined) throw new Error(`there is no pod of ${app} in namespace ${namespace}`);
  return ['exec', pod.metadata.name, `--namespace=${namespace}`, '--container=app'];
}
